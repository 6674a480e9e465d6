// What a fault has shown: a row of docs/reliability.md, which `npm run torture` writes.

import type { TestContext } from 'vitest';
import type { LoadReport } from '../support/load.ts';

/** In the order of the document. */
export const CHAPTERS = [
  'Killed and stopped processes',
  'Random walks',
  'Log integrity',
  'Disks',
  'Configs',
  'Ports',
  'Time and versions',
  'Apps that misbehave',
  'Clients that misbehave',
  'Random input',
  'Soak',
  'Beside PM2',
] as const;
export type Chapter = (typeof CHAPTERS)[number];

export interface Finding {
  readonly chapter: Chapter;
  readonly fault: string;
  /** P1 to P10. */
  readonly promise: string;
  readonly requests?: { readonly sent: number; readonly failed: number };
  readonly lines?: { readonly written: number; readonly lost: number };
  /** From the fault until everything was as it should be. */
  readonly recoveryMs?: number;
  /** In a few words: how it ended. */
  readonly result: string;
  readonly seed?: number;
}

declare module 'vitest' {
  interface TaskMeta {
    finding?: Finding;
  }
}

/** Call it when all has been checked: a fault without a finding is not in the table. */
export function report({ task }: TestContext, finding: Finding): void {
  task.meta.finding = finding;
}

export function requestsOf(...reports: readonly LoadReport[]): { readonly sent: number; readonly failed: number } {
  const sum = (of: (report: LoadReport) => number): number => reports.reduce((total, one) => total + of(one), 0);
  return { sent: sum(({ answered, failed }) => answered + failed), failed: sum(({ failed }) => failed) };
}
