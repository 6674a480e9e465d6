// CLI: the generations of an app for people, newest first.

import { describeLoss } from '../core/describe-loss.ts';
import { humanDuration } from '../core/human-duration.ts';
import type { DeployOutcome } from '../core/status.ts';
import type { HistoryEntry } from '../protocol/cluster-link.ts';
import { formatTime } from './format-time.ts';
import type { Style, StyleName } from './style.ts';
import { type Column, renderTable, type TableRules } from './table.ts';

const COLUMNS: readonly Column[] = [
  { title: '' },
  { title: 'generation', align: 'right' },
  { title: 'when', spare: 2 },
  { title: 'outcome' },
  { title: 'took', align: 'right', spare: 1 },
  { title: 'why' },
  { title: 'loss', spare: 3 },
];

const OUTCOME_COLORS: Readonly<Record<DeployOutcome, StyleName>> = {
  done: 'green',
  failed: 'red',
  aborted: 'yellow',
  'timed-out': 'red',
};

export function viewHistory(entries: readonly HistoryEntry[], rules: TableRules): string {
  if (entries.length === 0) return 'no generations yet\n';
  return renderTable(
    COLUMNS,
    [...entries].sort(newestFirst).map((entry) => row(entry, rules.style)),
    rules,
  );
}

/** Variables by name; their values only where the answer has them (--show-env). */
export function viewEnv(entries: readonly HistoryEntry[]): string {
  return [...entries]
    .sort(newestFirst)
    .flatMap(({ generation, pinned }) => {
      if (pinned === null) return [];
      const variables = Object.entries(pinned.spec.env).map(([name, value]) => `  ${name}=${oneLine(value)}`);
      return ['', `generation ${generation}:`, ...variables];
    })
    .map((line) => `${line}\n`)
    .join('');
}

const newestFirst = (a: HistoryEntry, b: HistoryEntry): number => b.generation - a.generation;

/** One with a line break or the like as JSON writes it: it could look like another variable, or move the cursor. */
function oneLine(value: string): string {
  return /^[^\p{Cc}]*$/u.test(value) ? value : JSON.stringify(value);
}

function row(entry: HistoryEntry, style: Style): readonly string[] {
  return [
    entry.current ? style('green', '*') : '',
    String(entry.generation),
    formatTime(entry.startedAt),
    style(OUTCOME_COLORS[entry.outcome], entry.outcome),
    humanDuration(entry.durationMs),
    entry.reason,
    entry.outcome === 'done' ? describeLoss(entry.loss) : '',
  ];
}
