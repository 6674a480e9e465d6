// CLI: the generations of an app for people, newest first.

import { describeLoss } from '../core/describe-loss.ts';
import { humanDuration } from '../core/human-duration.ts';
import { placesOf } from '../core/release.ts';
import type { DeployOutcome, Generation } from '../core/status.ts';
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
  { title: 'release' },
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
  const done = entries.filter(({ outcome }) => outcome === 'done').map(({ generation }) => generation);
  const first = isWhole(entries) ? Math.min(...done) : 0;
  const releases = namesOfReleases(entries);
  return renderTable(
    COLUMNS,
    [...entries].sort(newestFirst).map((entry) => row(entry, first, releases.get(entry.generation) ?? '', rules.style)),
    rules,
  );
}

/** Folders or scripts, for which releases are most often named; empty where all generations ran at the same place. */
function namesOfReleases(entries: readonly HistoryEntry[]): ReadonlyMap<Generation, string> {
  const pins = entries.flatMap(({ pinned }) => (pinned === null ? [] : [pinned]));
  const names = withoutShared(placesOf(pins) ?? []);
  return new Map(names.map((name, index) => [pins[index]?.generation ?? 0, name]));
}

/** Without the folders that all of them are in: "/srv/releases/1" and "/srv/releases/2" as "1" and "2". */
function withoutShared(paths: readonly string[]): readonly string[] {
  const parts = paths.map((path) => path.split('/'));
  const [first = []] = parts;
  const fork = first.findIndex((part, depth) =>
    parts.some((other) => other[depth] !== part || depth === other.length - 1),
  );
  // All have the root.
  return fork <= 1 ? paths : parts.map((path) => path.slice(fork).join('/'));
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

/** Not yet without its oldest entries. */
function isWhole(entries: readonly HistoryEntry[]): boolean {
  return entries.some(({ generation }) => generation === 1);
}

const newestFirst = (a: HistoryEntry, b: HistoryEntry): number => b.generation - a.generation;

/** One with a line break or the like as JSON writes it: it could look like another variable, or move the cursor. */
function oneLine(value: string): string {
  return /^[^\p{Cc}]*$/u.test(value) ? value : JSON.stringify(value);
}

/** The first generation found nothing that could have been drained. */
function hasReplaced({ generation, loss }: HistoryEntry, first: number): boolean {
  return generation !== first || loss.finished !== 0 || loss.cut !== 0 || loss.killed !== 0;
}

/** What was changed may be a long list; --json has all of it. */
const WHY_WIDTH = 72;

function shorten(reason: string): string {
  return reason.length <= WHY_WIDTH ? reason : `${reason.slice(0, WHY_WIDTH - 1).trimEnd()}…`;
}

function row(entry: HistoryEntry, first: number, release: string, style: Style): readonly string[] {
  return [
    entry.current ? style('green', '*') : '',
    String(entry.generation),
    formatTime(entry.startedAt),
    style(OUTCOME_COLORS[entry.outcome], entry.outcome),
    humanDuration(entry.durationMs),
    release,
    shorten(entry.reason),
    entry.outcome === 'done' && hasReplaced(entry, first) ? describeLoss(entry.loss) : '',
  ];
}
