// Runs the hooks of a deploy, one after the other, as the app would run: in its folder, with its environment and user.
// (cluster process)

import { spawn } from 'node:child_process';
import type { AppSpec, Hook, Milliseconds } from '../core/spec.ts';
import { identify, killIdentity } from '../platform/process-identity.ts';
import { runAs } from '../platform/run-as.ts';
import { HookOutput } from './hook-output.ts';

/** What a module hook may return: another release to deploy. Absolute, or relative to the app's folder. */
export interface Rewrite {
  readonly script?: string;
  readonly cwd?: string;
}

export type HookResult =
  | { readonly ok: true; readonly rewrite: Rewrite }
  | { readonly ok: false; readonly reason: string };

export interface HookContext {
  readonly spec: AppSpec;
  readonly generation: number;
  readonly signal: AbortSignal;
  onLine(hook: string, line: string): void;
}

/** A module hook is called in a process of its own: user code never runs in ours. Its answer comes on descriptor 3. */
const CALL_MODULE = `
const { writeSync } = await import('node:fs');
const { pathToFileURL } = await import('node:url');
const [file, context] = process.argv.slice(1);
const hook = (await import(pathToFileURL(file).href)).default;
if (typeof hook !== 'function') throw new Error(file + ' has no default export that is a function');
writeSync(3, JSON.stringify((await hook(JSON.parse(context))) ?? {}));
`;

/** For the last of a hook's output once it has ended. */
const LAST_LINES: Milliseconds = 250;

/** Stops at the first that fails. Aborting kills the one that runs. */
export async function runHooks(hooks: readonly Hook[], context: HookContext): Promise<HookResult> {
  let rewrite: Rewrite = {};
  for (const hook of hooks) {
    if (context.signal.aborted) return { ok: false, reason: 'aborted' };
    const result = await runHook(hook, context);
    if (!result.ok) return result;
    rewrite = { ...rewrite, ...result.rewrite };
  }
  return { ok: true, rewrite };
}

function runHook(hook: Hook, context: HookContext): Promise<HookResult> {
  const { spec, generation } = context;
  const name = hook.kind === 'command' ? hook.argv.join(' ') : hook.file;
  const told = JSON.stringify({ app: spec.name, generation, script: spec.script, cwd: spec.cwd });
  const argv =
    hook.kind === 'command'
      ? hook.argv
      : [spec.node.bin, '--input-type=module', '--eval', CALL_MODULE, hook.file, told];
  const variables = { ...spec.env, EVENKEEL_APP: spec.name, EVENKEEL_GENERATION: `${generation}` };
  const { ids, through, env } = runAs(spec.user, variables);
  const [file = '', ...args] = [...through, ...argv];
  const answerPipe = hook.kind === 'module' ? (['pipe'] as const) : [];
  const child = spawn(file, args, {
    ...{ cwd: spec.cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe', ...answerPipe] },
    ...ids,
  });
  // Before anything else is asked of it: an 'error' that nobody hears is an exception.
  const failed = new Promise<HookResult>((resolve) => {
    child.once('error', (error) => resolve({ ok: false, reason: `hook "${name}": ${error.message}` }));
  });
  if (child.pid === undefined) return failed;
  const identity = identify(child.pid);
  const output = new HookOutput((line) => context.onLine(name, line));
  output.read(child.stdout);
  output.read(child.stderr);
  let answer = '';
  child.stdio[3]?.on('data', (chunk: Buffer) => {
    answer += chunk.toString();
  });
  const kill = (): void => {
    if (identity !== null) killIdentity(identity, 'SIGKILL', { group: true });
  };
  context.signal.addEventListener('abort', kill, { once: true });
  const ended = new Promise<HookResult>((resolve) => {
    child.once('exit', () => {
      // What it left in the background may hold its pipes for as long as it lives: 'close' would not come.
      setTimeout(() => child.stdio.forEach((stream) => void stream?.destroy()), LAST_LINES);
    });
    child.once('close', (code, signal) => {
      context.signal.removeEventListener('abort', kill);
      output.end();
      if (code === 0) resolve(readAnswer(name, answer));
      else
        resolve({
          ok: false,
          reason: `hook "${name}" ${code === null ? `was ended by ${signal}` : `exited with code ${code}`}`,
        });
    });
  });
  return Promise.race([failed, ended]);
}

function readAnswer(name: string, answer: string): HookResult {
  if (answer === '') return { ok: true, rewrite: {} };
  const fields = parseObject(answer);
  if (fields === null)
    return { ok: false, reason: `hook "${name}" returned what is no object: ${answer.slice(0, 80)}` };
  const { script, cwd } = fields;
  if ((script !== undefined && typeof script !== 'string') || (cwd !== undefined && typeof cwd !== 'string')) {
    return { ok: false, reason: `hook "${name}" returned a script or cwd that is not a string` };
  }
  return { ok: true, rewrite: { ...(script === undefined ? {} : { script }), ...(cwd === undefined ? {} : { cwd }) } };
}

/** Whatever the module did with its descriptors: null where it is no object. */
function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
