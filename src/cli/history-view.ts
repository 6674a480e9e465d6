// CLI: the generations of an app for people, newest first.

import { describeLoss } from '../core/describe-loss.ts';
import { humanDuration } from '../core/human-duration.ts';
import type { DeployOutcome } from '../core/status.ts';
import type { HistoryEntry } from '../protocol/cluster-link.ts';
import { formatTime } from './format-time.ts';
import type { Style, StyleName } from './style.ts';
import { type Column, renderTable } from './table.ts';

const COLUMNS: readonly Column[] = [
  { title: '' },
  { title: 'generation', align: 'right' },
  { title: 'when' },
  { title: 'outcome' },
  { title: 'took', align: 'right' },
  { title: 'why' },
  { title: 'loss' },
];

const OUTCOME_COLORS: Readonly<Record<DeployOutcome, StyleName>> = {
  done: 'green',
  failed: 'red',
  aborted: 'yellow',
  'timed-out': 'red',
};

export function viewHistory(entries: readonly HistoryEntry[], style: Style): string {
  if (entries.length === 0) return 'no generations yet\n';
  const newestFirst = [...entries].sort((a, b) => b.generation - a.generation);
  return renderTable(
    COLUMNS,
    newestFirst.map((entry) => row(entry, style)),
    style,
  );
}

/** Variables by name; their values only where the answer has them (--show-env). */
export function viewEnv(entries: readonly HistoryEntry[]): string {
  return entries
    .flatMap(({ generation, pinned }) => {
      if (pinned === null) return [];
      const variables = Object.entries(pinned.spec.env).map(([name, value]) => `  ${name}=${value}`);
      return ['', `generation ${generation}:`, ...variables];
    })
    .map((line) => `${line}\n`)
    .join('');
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
