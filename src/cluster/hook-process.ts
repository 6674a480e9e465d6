// One hook, in a process of its own: as the app would run, in its folder, with its environment and user. (cluster process)

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { isRecord } from '../core/is-record.ts';
import type { AppSpec, Hook, Milliseconds } from '../core/spec.ts';
import type { Generation, Slot } from '../core/status.ts';
import { identifyChild, killIdentity } from '../platform/process-identity.ts';
import { runAs } from '../platform/run-as.ts';
import { errorCode } from '../platform/system-error.ts';
import { HookOutput } from './hook-output.ts';

/** What a hook is run for, and where. */
export interface HookScene {
  readonly spec: AppSpec;
  readonly generation: Generation;
  /** Of the worker that is to start; null: the hook is one of a deploy. */
  readonly slot: Slot | null;
  readonly cwd: string;
  readonly script: string | null;
}

export type HookEnd =
  /** `answer`: what a module hook returned; {} where that is nothing. */
  | { readonly ok: true; readonly answer: Readonly<Record<string, unknown>> }
  /** Follows the name of the hook: "exited with code 3". */
  | { readonly ok: false; readonly reason: string };

/** User code never runs in a process of ours. What a module hook returns comes on descriptor 3, and then it is over. */
const CALL_MODULE = `
const { writeSync } = await import('node:fs');
const [url, context] = process.argv.slice(1);
let hook = (await import(url)).default;
if (typeof hook?.default === 'function') hook = hook.default;
if (typeof hook !== 'function') throw new Error('the default export is not a function');
const answer = Buffer.from(JSON.stringify((await hook(JSON.parse(context))) ?? {}));
for (let sent = 0; sent < answer.length; ) sent += writeSync(3, answer, sent);
process.exit(0);
`;

/** A path or two, and not a document. */
const LONGEST_ANSWER = 64 * 1024;
/** For the last of a hook's output once it has ended. */
const LAST_LINES: Milliseconds = 250;

/** Aborting kills it with all that it has started. Throws where the user is unknown. */
export function runHook(
  hook: Hook,
  scene: HookScene,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<HookEnd> {
  const child = start(hook, scene);
  // Before anything else is asked of it: an 'error' that nobody hears is an exception.
  const failed = new Promise<HookEnd>((resolve) => {
    child.once('error', (error) => resolve({ ok: false, reason: describeStart(error, scene.cwd) }));
  });
  if (child.pid === undefined) return failed;
  const identity = identifyChild(child);
  const output = new HookOutput(onLine);
  output.read(child.stdout);
  output.read(child.stderr);
  const answer = readAnswer(child);
  const kill = (): void => {
    if (identity !== null) killIdentity(identity, 'SIGKILL', { group: true });
  };
  signal.addEventListener('abort', kill, { once: true });
  if (signal.aborted) kill();
  const ended = new Promise<HookEnd>((resolve) => {
    child.once('exit', () => {
      // What it left in the background may hold its pipes for as long as it lives: 'close' would not come.
      setTimeout(() => child.stdio.forEach((stream) => void stream?.destroy()), LAST_LINES);
    });
    child.once('close', (code, endSignal) => {
      signal.removeEventListener('abort', kill);
      output.end();
      resolve(describeEnd(code, endSignal, answer()));
    });
  });
  return Promise.race([failed, ended]);
}

function start(hook: Hook, { spec, generation, slot, cwd, script }: HookScene): ChildProcess {
  const told = { app: spec.name, generation, script, cwd, ...(slot === null ? {} : { slot }) };
  const argv =
    hook.kind === 'command'
      ? hook.argv
      : [
          ...[spec.node.bin, '--input-type=module', '--eval', CALL_MODULE],
          ...[pathToFileURL(hook.file).href, JSON.stringify(told)],
        ];
  const variables = {
    ...{ ...spec.env, EVENKEEL_APP: spec.name, EVENKEEL_GENERATION: `${generation}` },
    ...(slot === null ? {} : { EVENKEEL_WORKER: `${slot}` }),
  };
  const { ids, through, env } = runAs(spec.user, variables);
  const [file = '', ...args] = [...through, ...argv];
  return spawn(file, args, {
    ...{ cwd, env, detached: true },
    stdio: ['ignore', 'pipe', 'pipe', ...(hook.kind === 'module' ? (['pipe'] as const) : [])],
    ...ids,
  });
}

/** Returns the way to ask for what has come; null: too much. */
function readAnswer(child: ChildProcess): () => string | null {
  let text: string | null = '';
  child.stdio[3]?.on('data', (chunk: Buffer) => {
    if (text !== null) text += chunk.toString();
    if (text !== null && text.length > LONGEST_ANSWER) text = null;
  });
  return () => text;
}

function describeEnd(code: number | null, signal: string | null, answer: string | null): HookEnd {
  if (code === null) return { ok: false, reason: `was ended by ${signal}` };
  // Node's own code for a promise that nothing is left to settle.
  if (code === 13) return { ok: false, reason: 'exited with code 13 (does it wait for something that never comes?)' };
  if (code !== 0) return { ok: false, reason: `exited with code ${code}` };
  if (answer === '') return { ok: true, answer: {} };
  const fields = answer === null ? null : parseObject(answer);
  if (fields !== null) return { ok: true, answer: fields };
  return { ok: false, reason: `returned ${answer === null ? 'too much' : 'what is no object'}` };
}

/** The system says the same where it is the folder that is missing. */
function describeStart(error: Error, cwd: string): string {
  if (!existsSync(cwd)) return `could not be started: there is no folder ${cwd}`;
  const code = errorCode(error) ?? error.name;
  return `could not be started: ${code === 'ENOENT' ? 'there is no such program (ENOENT)' : code}`;
}

/** Whatever the module did with its descriptors: null where it is no object. */
function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}
