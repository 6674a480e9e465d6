// docs/reliability.md, from what was found.

import { CHAPTERS, type Finding } from './finding.ts';

/** `machine`: what it ran on, in a few words. */
export function formatReliability(findings: readonly Finding[], machine: string): string {
  const ours = findings.filter(({ chapter }) => chapter !== 'Beside PM2');
  const sum = (of: (finding: Finding) => number | undefined): number =>
    ours.reduce((total, finding) => total + (of(finding) ?? 0), 0);
  const chapters = CHAPTERS.map((chapter) => ({
    chapter,
    rows: findings.filter((finding) => finding.chapter === chapter),
  })).filter(({ rows }) => rows.length > 0);
  return `${[
    '# What it has survived',
    '',
    'Written by `npm run torture`, which does all of this to a real manager, real cluster processes and real apps, and fails',
    'where a promise (P1 to P10 in the [README](../README.md#guarantees)) is broken. Each row is one fault: most of them under the load of',
    'HTTP clients that ask nothing twice. Recovery is the time from the fault until everything was as it should be again;',
    'it has in it how long the test itself took to go on.',
    '',
    `The last run: ${machine}; ${ours.length} faults, ${count(sum((finding) => finding.requests?.sent))} requests,`,
    `${count(sum((finding) => finding.requests?.failed))} of them failed (each in flight on a worker that was killed or stopped).`,
    ...chapters.flatMap(({ chapter, rows }) => ['', `## ${chapter}`, '', ...table(rows)]),
  ].join('\n')}\n`;
}

interface Column {
  readonly title: string;
  readonly cell: (finding: Finding) => string | undefined;
}

const COLUMNS: readonly Column[] = [
  { title: 'Fault', cell: ({ fault }) => fault },
  { title: 'Promise', cell: ({ promise }) => promise },
  { title: 'Requests', cell: ({ requests }) => requests && count(requests.sent) },
  { title: 'Failed', cell: ({ requests }) => requests && count(requests.failed) },
  { title: 'Lines', cell: ({ lines }) => lines && count(lines.written) },
  { title: 'Lost', cell: ({ lines }) => lines && count(lines.lost) },
  { title: 'Recovery', cell: ({ recoveryMs }) => (recoveryMs === undefined ? undefined : seconds(recoveryMs)) },
  { title: 'Result', cell: ({ result }) => result },
  { title: 'Seed', cell: ({ seed }) => (seed === undefined ? undefined : `${seed}`) },
];

/** Without the columns that none of its rows has. */
function table(rows: readonly Finding[]): string[] {
  const columns = COLUMNS.filter(({ cell }) => rows.some((row) => cell(row) !== undefined));
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(({ title }) => title)),
    line(columns.map(() => '---')),
    ...rows.map((row) => line(columns.map(({ cell }) => cell(row) ?? ''))),
  ];
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
