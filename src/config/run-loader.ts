// Runs the config loader and takes its answer. (CLI and manager: nothing of the config's libraries is loaded here)

import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { EvenkeelError } from '../core/errors.ts';
import { humanDuration } from '../core/human-duration.ts';
import type { EcosystemSpec, Milliseconds } from '../core/spec.ts';
import type { LoadRequest } from '../protocol/config-loader.ts';
import { decodeAnswer } from './decode-answer.ts';
import { deepFreeze } from './deep-freeze.ts';
import { ANSWER_FD, type LoaderBoot } from './loader-boot.ts';

export interface LoaderOptions {
  /** Absolute path of the built loader: entryPoint('config'). */
  readonly loader: string;
  /** What `${VAR}` and `inheritEnv` mean. */
  readonly env: NodeJS.ProcessEnv;
  /** What "max" workers means: availableCpus(). */
  readonly cpus: number;
  /** Whether the app's users have to be ones that this process can start workers as. */
  readonly forManager: boolean;
  /** See LoaderBoot. */
  readonly strict?: boolean;
  readonly deadline: Milliseconds;
  /** What the config prints is shown by another read of it. */
  readonly quiet?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * The resolved ecosystem, deep-frozen. Throws NO_CONFIG, CONFIG_INVALID with every problem of the file, TIMED_OUT when
 * the config has not returned by the deadline, SPAWN_FAILED; and the reason of `signal` when that aborts.
 */
export async function runLoader(request: LoadRequest, options: LoaderOptions): Promise<EcosystemSpec> {
  const boot: LoaderBoot = {
    ...request,
    from: resolve(request.from),
    cpus: options.cpus,
    forManager: options.forManager,
    strict: options.strict === true,
  };
  const end = await watch(spawnLoader(boot, options), request, options);
  const answer = decodeAnswer(end.output);
  if (answer === null) throw noAnswer(request, end);
  if (!answer.ok) throw EvenkeelError.fromBody(answer.error);
  return deepFreeze(answer.ecosystem);
}

interface LoaderEnd {
  readonly output: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

function spawnLoader(boot: LoaderBoot, { loader, env, quiet = false }: LoaderOptions): ChildProcess {
  // Whatever the config prints goes to stderr.
  const printed = quiet ? 'ignore' : 2;
  return spawn(process.execPath, [loader, JSON.stringify(boot)], {
    env,
    // cosmiconfig looks for settings of its own in the working directory: there are none.
    cwd: '/',
    stdio: ['ignore', printed, printed, 'pipe'],
  });
}

function watch(child: ChildProcess, request: LoadRequest, { deadline, signal }: LoaderOptions): Promise<LoaderEnd> {
  return new Promise((done, fail) => {
    const chunks: Buffer[] = [];
    const stop = (error: unknown): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      child.kill('SIGKILL');
      fail(error);
    };
    const onAbort = (): void => stop(signal?.reason);
    const timer = setTimeout(() => stop(timedOut(request, deadline)), deadline);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    answerPipe(child)?.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', (cause) => {
      stop(new EvenkeelError('SPAWN_FAILED', `the config loader could not be started: ${cause.message}`, { cause }));
    });
    child.once('close', (code, killedBy) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      done({ output: Buffer.concat(chunks).toString(), code, signal: killedBy });
    });
  });
}

function answerPipe(child: ChildProcess): Readable | null {
  const pipe = child.stdio[ANSWER_FD];
  return pipe !== null && pipe !== undefined && 'read' in pipe ? pipe : null;
}

function timedOut({ file, from }: LoadRequest, deadline: Milliseconds): EvenkeelError {
  const config = file === null ? `the config of ${from}` : `the config ${file}`;
  return new EvenkeelError('TIMED_OUT', `${config} did not return within ${humanDuration(deadline)}`, {
    hint: 'a config that is a program has to export its apps, or a function that soon returns them',
  });
}

function noAnswer(request: LoadRequest, { code, signal }: LoaderEnd): EvenkeelError {
  const how = signal === null ? `ended with code ${code}` : `was killed by ${signal}`;
  const message = `the config loader ${how} before it had read the config`;
  const file = request.file ?? request.from;
  return new EvenkeelError('CONFIG_INVALID', message, {
    problems: [{ file, line: null, column: null, path: '', message, hint: null }],
  });
}
