// CLI, pure: how an operation went, for people: a line for each app on stdout, why it failed on stderr.

import { describeLoss } from '../core/describe-loss.ts';
import { ERRORS, EXIT } from '../core/errors.ts';
import { humanDuration } from '../core/human-duration.ts';
import type { WorkerFailure } from '../core/status.ts';
import type { AppResult, OperationResult } from '../protocol/control-api.ts';
import type { Style } from './style.ts';

export interface OperationView {
  readonly out: string;
  readonly err: string;
}

export function viewOperation(result: OperationResult, styles: { readonly out: Style; readonly err: Style }): OperationView {
  const width = Math.max(0, ...result.apps.map((app) => app.app.length));
  const lines = result.apps.filter((app) => app.action !== 'none').map((app) => resultLine(app, width, styles.out));
  const summary = lines.length === 0 && result.ok ? ['nothing to do'] : lines;
  const notices = result.notices.map((notice) => `${styles.out('yellow', '!')} ${notice}`);
  const failures = result.apps.flatMap((app) => failureLines(app, styles.err));
  return { out: joinLines([...summary, ...notices]), err: joinLines(failures) };
}

/** 1 where apps failed in different ways, else what they have in common: 4 where all of them timed out. */
export function exitCodeOf(result: OperationResult): number {
  if (result.ok) return EXIT.done;
  const codes = new Set(result.apps.filter((app) => !app.ok).map(exitCodeOfApp));
  const [first] = codes;
  return codes.size === 1 && first !== undefined ? first : EXIT.failed;
}

function exitCodeOfApp(app: AppResult): number {
  if (app.deploy?.outcome === 'timed-out') return EXIT.timedOut;
  return app.error === null ? EXIT.failed : ERRORS[app.error.code].exit;
}

function resultLine(result: AppResult, width: number, style: Style): string {
  const mark = result.action === 'skipped' ? style('yellow', '-') : result.ok ? style('green', '✓') : style('red', '✗');
  const reasons = result.reasons.filter((reason) => reason !== result.action);
  const why = reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
  const took = result.durationMs > 0 ? style('dim', ` in ${humanDuration(result.durationMs)}`) : '';
  const loss = result.deploy?.outcome === 'done' && result.action !== 'start' ? `; ${describeLoss(result.deploy.loss)}` : '';
  return `${mark} ${style('bold', result.app.padEnd(width))}  ${result.action}${why}: ${result.message}${took}${loss}`;
}

function failureLines(result: AppResult, style: Style): readonly string[] {
  if (result.ok) return [];
  const failure = result.failure ?? result.deploy?.failure ?? null;
  const cause = failure === null ? (result.error?.message ?? result.message) : describeFailure(failure);
  const hint = result.error?.hint ?? null;
  return [
    `${style('red', `${result.app}:`)} ${cause}`,
    ...(hint === null ? [] : [`  hint: ${hint}`]),
    ...quote('the hooks wrote', result.deploy?.hookOutput.slice(-20) ?? [], style),
    ...quote(failure === null ? '' : `worker ${failure.slot} wrote last`, failure?.lastLines.slice(-20) ?? [], style),
  ];
}

function describeFailure({ slot, pid, reason }: WorkerFailure): string {
  return `worker ${slot}${pid === null ? '' : ` (pid ${pid})`} ${reason}`;
}

function quote(title: string, lines: readonly string[], style: Style): readonly string[] {
  return lines.length === 0 ? [] : [`  ${title}:`, ...lines.map((line) => style('dim', `    ${line}`))];
}

function joinLines(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
