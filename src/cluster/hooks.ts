// Runs hooks, one after the other. Each may veto; those before a deploy may also name another release. (cluster process)

import { resolve } from 'node:path';
import type { Hook } from '../core/spec.ts';
import { movedPath } from '../platform/moved-path.ts';
import type { HookLines } from './hook-output.ts';
import { type HookScene, runHook } from './hook-process.ts';

/** What is to run, and where. */
export interface Place {
  readonly cwd: string;
  readonly script: string | null;
}

export type HookResult =
  | ({ readonly ok: true } & Place)
  /** The whole reason: "hook deploy.before[0] exited with code 3". */
  | { readonly ok: false; readonly reason: string };

/** Where in the config they are: hooks are named by it, for what they are called with may be secret. */
export type HookKey = 'deploy.before' | 'deploy.after' | 'hooks.beforeFork';

export interface HookRun extends HookScene {
  readonly key: HookKey;
  readonly signal: AbortSignal;
  readonly lines: HookLines;
}

/** Stops at the first that fails. Aborting kills the one that runs. Never rejects. */
export async function runHooks(hooks: readonly Hook[], run: HookRun): Promise<HookResult> {
  let place: Place = { cwd: run.cwd, script: run.script };
  for (const [index, hook] of hooks.entries()) {
    const name = `${run.key}[${index}]`;
    if (run.signal.aborted) return { ok: false, reason: 'aborted' };
    const result = await runOne(name, hook, { ...run, ...place });
    if (!result.ok) return { ok: false, reason: `hook ${name} ${result.reason}` };
    place = result;
  }
  return { ok: true, ...place };
}

async function runOne(name: string, hook: Hook, run: HookRun): Promise<HookResult> {
  const { lines, signal } = run;
  lines.begin(name);
  try {
    const end = await runHook(hook, run, signal, (line) => lines.add(line));
    return end.ok ? placeAfter(run, end.answer) : end;
  } catch (error) {
    return { ok: false, reason: `could not be started: ${error instanceof Error ? error.message : String(error)}` };
  } finally {
    lines.end();
  }
}

/** `answer`: {script} and {cwd}, absolute or relative to the app's folder. */
function placeAfter({ slot, cwd, script }: HookRun, answer: Readonly<Record<string, unknown>>): HookResult {
  const given = [answer.script, answer.cwd].filter((path) => path !== undefined);
  if (given.some((path) => typeof path !== 'string' || path === '')) {
    return { ok: false, reason: 'returned a script or cwd that is not a path' };
  }
  if (given.length > 0 && slot !== null) {
    return { ok: false, reason: 'returned a script or cwd, which only a hook of deploy.before may' };
  }
  const folder = typeof answer.cwd === 'string' ? resolve(cwd, answer.cwd) : cwd;
  if (typeof answer.script === 'string') return { ok: true, cwd: folder, script: resolve(folder, answer.script) };
  return { ok: true, cwd: folder, script: script === null ? null : movedPath(script, cwd, folder) };
}
