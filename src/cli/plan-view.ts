// CLI, pure: a plan for people: what would happen to each app, with every reason.

import type { AppChange, Plan } from '../core/plan.ts';
import type { Style, StyleName } from './style.ts';

const MARKS: Readonly<Record<AppChange['action'], readonly [string, StyleName]>> = {
  start: ['+', 'green'],
  deploy: ['~', 'yellow'],
  scale: ['~', 'yellow'],
  live: ['~', 'cyan'],
  stop: ['-', 'red'],
  none: [' ', 'dim'],
};

const MEANINGS: Readonly<Record<AppChange['action'], string>> = {
  start: 'start',
  deploy: 'deploy',
  scale: 'scale',
  live: 'apply live',
  stop: 'stop',
  none: 'unchanged',
};

export function viewPlan({ changes, notices }: Plan, style: Style): string {
  const width = Math.max(0, ...changes.map((change) => change.app.length));
  const lines = changes.flatMap((change) => changeLines(change, width, style));
  // One that stays as it is may have its reason, which is worth a word.
  const isIdle = changes.every(({ action, reasons }) => action === 'none' && reasons.length === 0);
  const summary = isIdle ? ['nothing to do'] : lines;
  const remarks = notices.map((notice) => `${style('yellow', '!')} ${notice}`);
  return [...summary, ...remarks].map((line) => `${line}\n`).join('');
}

/** `~ web  deploy      env.PORT changed`, the other reasons below the first. */
function changeLines(change: AppChange, width: number, style: Style): readonly string[] {
  const [mark, color] = MARKS[change.action];
  const meaning = style(color, MEANINGS[change.action].padEnd(10));
  const [first = '', ...others] = change.reasons;
  const head = `${style(color, mark)} ${style('bold', change.app.padEnd(width))}  ${meaning}  ${first}`.trimEnd();
  return [head, ...others.map((reason) => `${' '.repeat(width + 16)}${reason}`)];
}
