// CLI, pure: how an operation went, for people: a line for each app on stdout, why it failed on stderr.

import { describeLoss } from '../core/describe-loss.ts';
import { humanDuration } from '../core/human-duration.ts';
import type { WorkerFailure } from '../core/status.ts';
import type { SocketHolder } from '../platform/socket-holder.ts';
import type { AppResult, OperationResult } from '../protocol/control-api.ts';
import type { Style } from './style.ts';

export const NOTHING_TO_DO = 'nothing to do\n';

/** Lines of a worker or a hook in an error. */
const QUOTED_LINES = 20;

/** `text`: of a start that has brought up the manager, which is something in any case. */
export function withManager(text: string, pid: number): string {
  if (!text.startsWith(NOTHING_TO_DO)) return text;
  return `nothing to start; the manager runs (pid ${pid})\n${text.slice(NOTHING_TO_DO.length)}`;
}

export interface OperationView {
  readonly out: string;
  readonly err: string;
}

export interface ViewRules {
  readonly out: Style;
  readonly err: Style;
  /** Whoever reads stderr sees stdout too, above it: what is there already is not said again. */
  readonly together: boolean;
  /** Who listens on a TCP port, as far as the system tells. */
  holderOf(port: number): SocketHolder | null;
}

export function viewOperation(result: OperationResult, rules: ViewRules): OperationView {
  const width = Math.max(0, ...result.apps.map((app) => app.app.length));
  const lines = result.apps
    .filter((app) => app.action !== 'none' || !app.ok)
    .flatMap((app) => [resultLine(app, width, rules.out), ...workerLines(app, rules.out)]);
  const isIdle = lines.length === 0 && result.ok;
  const notices = result.notices.map((notice) => `${rules.out('yellow', '!')} ${notice}`);
  const failures = result.apps.flatMap((app) => failureLines(app, rules));
  return { out: `${isIdle ? NOTHING_TO_DO : joinLines(lines)}${joinLines(notices)}`, err: joinLines(failures) };
}

function resultLine(result: AppResult, width: number, style: Style): string {
  const { app, action, message, durationMs, deploy } = result;
  const what = action === 'none' ? '' : `${describeAction(result)}: `;
  const mark = action === 'skipped' ? style('yellow', '-') : result.ok ? style('green', '✓') : style('red', '✗');
  const took = durationMs > 0 ? style('dim', ` (${humanDuration(durationMs)})`) : '';
  const loss = deploy?.outcome === 'done' && action !== 'start' ? `; ${describeLoss(deploy.loss)}` : '';
  return `${mark} ${style('bold', app.padEnd(width))}  ${what}${message}${loss}${took}`;
}

/** Who got a signal or a message, and who did not. */
function workerLines({ workers }: AppResult, style: Style): readonly string[] {
  return (workers ?? []).map(({ slot, pid, generation, problem }) => {
    const mark = problem === null ? style('green', '✓') : style('red', '✗');
    return `  ${mark} worker ${slot} (pid ${pid}, generation ${generation})${problem === null ? '' : `: ${problem}`}`;
  });
}

/** With the reasons, unless the message says them: "deploy (env.PORT changed)", "rollback to 1". */
function describeAction({ reasons, action, message }: AppResult): string {
  const why = reasons.join(', ');
  if (why === '' || message.includes(why)) return action;
  return why === action || why.startsWith(`${action} `) ? why : `${action} (${why})`;
}

/** On stderr, where it is found also when stdout is thrown away: why, what was written last, what to do. */
function failureLines(result: AppResult, { err: style, together, holderOf }: ViewRules): readonly string[] {
  if (result.ok) return [];
  const { app, action, message } = result;
  const what = action === 'skipped' ? 'skipped' : action === 'none' ? 'does not run' : `${action} failed`;
  const why = reasonLines(result, style, holderOf);
  if (together) return why.length === 0 ? [] : [style('red', `${app}: ${what}`), ...why];
  return [style('red', action === 'none' ? `${app}: ${message}` : `${app}: ${what}: ${message}`), ...why];
}

function reasonLines(result: AppResult, style: Style, holderOf: ViewRules['holderOf']): readonly string[] {
  const failure = result.failure ?? result.deploy?.failure ?? null;
  const hint = result.error?.hint ?? result.deploy?.hint ?? failure?.hint ?? null;
  return [
    ...(failure === null || result.message.includes(failure.reason)
      ? []
      : [`  worker ${failure.slot} ${failure.reason}`]),
    ...quote('the hooks wrote', result.deploy?.hookOutput ?? [], style),
    ...quote(failure === null ? '' : lastWords(failure), failure?.lastLines ?? [], style),
    ...(hint === null ? [] : [`  hint: ${hint}`]),
    ...(failure === null ? [] : takenPortHint(result, failure.lastLines, holderOf)),
  ];
}

/** Of a port that the app opens by itself evenkeel knows nothing but what the app wrote. */
function takenPortHint(
  { app, action, reasons }: AppResult,
  lines: readonly string[],
  holderOf: ViewRules['holderOf'],
): readonly string[] {
  const [, text = ''] =
    lines.map((line) => /\bEADDRINUSE\b.*:(\d{1,5})$/.exec(line)).find((match) => match !== null) ?? [];
  if (text === '') return [];
  const holder = holderOf(Number(text));
  const who = holder === null ? 'another process' : `${holder.command} (pid ${holder.pid})`;
  // Where the system does not tell who has it, an address that has just been taken out of `listen` is held still.
  const isOurs = holder?.ours ?? reasons.some((reason) => /\blisten\b/.test(reason));
  if (!isOurs) {
    return [
      `  hint: port ${text} is taken by ${who}: stop that, or use another port.`,
      `  With \`listen: [${text}]\` in the config evenkeel holds it, and starts the app by itself when it is free.`,
    ];
  }
  const held = `  hint: evenkeel holds port ${text}${holder === null ? '' : `: ${who}`}.`;
  return action === 'start' || action === 'restart'
    ? [held, '  If another app has it, use another port.']
    : [held, `  If it is for the old workers of ${app}, \`evenkeel restart ${app}\` gives it to the new ones.`];
}

function lastWords({ slot, pid }: WorkerFailure): string {
  return `worker ${slot}${pid === null ? '' : ` (pid ${pid})`} wrote last`;
}

function quote(title: string, lines: readonly string[], style: Style): readonly string[] {
  const last = lines.slice(-QUOTED_LINES);
  return last.length === 0 ? [] : [`  ${title}:`, ...last.map((line) => style('dim', `    ${line}`))];
}

function joinLines(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
