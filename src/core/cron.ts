// Pure: cron patterns, computed by croner. Local time of the process; nothing here starts a timer.

import { Cron } from 'croner';

/** Classic five fields, or six with seconds first; also @daily and its like. */
function parse(pattern: string): Cron {
  // croner would take a date for a pattern that comes once.
  if (pattern.includes(':')) throw new TypeError('a date is not a pattern');
  return new Cron(pattern, { mode: '5-or-6-parts', paused: true });
}

/** The first time after `afterMs` (epoch, milliseconds) that matches; null: there is none. Throws on a bad pattern. */
export function nextRun(pattern: string, afterMs: number): number | null {
  return parse(pattern).nextRun(new Date(afterMs))?.getTime() ?? null;
}

/** What is wrong with a pattern; null: nothing. */
export function cronProblem(pattern: string): string | null {
  try {
    return nextRun(pattern, 0) === null ? 'that time never comes' : null;
  } catch (error) {
    const message = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
    return /\bparts\b/.test(message) ? 'a pattern has five fields, or six with seconds first' : message;
  }
}
