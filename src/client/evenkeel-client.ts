// What a program can ask a running manager: the commands of the CLI as methods. Each rejects with an EvenkeelError.

import { resolve } from 'node:path';
import { parseDuration } from '../config/parse-duration.ts';
import { EvenkeelError } from '../core/errors.ts';
import type { EvenkeelEvent } from '../core/events.ts';
import type { Plan } from '../core/plan.ts';
import { MAX_WORKERS, type Milliseconds } from '../core/spec.ts';
import type { Generation, Status } from '../core/status.ts';
import type { ControlClient } from '../platform/control-client.ts';
import { definedOf } from '../platform/defined-env.ts';
import { parseSignal } from '../platform/parse-signal.ts';
import { identify } from '../platform/process-identity.ts';
import type { HistoryAnswer, OperationResult, VersionAnswer } from '../protocol/control-api.ts';
import { untilGone } from './await-manager.ts';
import { countWorkers } from './count-workers.ts';
import { type OptionNames, requireEnv, requireKnown, requireNames } from './known-options.ts';
import { requireSuccess } from './operation-outcome.ts';
import { type LogEntry, type LogOptions, readLogs } from './read-logs.ts';

/** "90s", "5m", or milliseconds. */
export type Duration = string | Milliseconds;

/** 4, "max", "max-1" or "50%". */
export type WorkerCount = string | number;

export interface OperationOptions {
  /** Everything that happens meanwhile. */
  readonly onEvent?: (event: EvenkeelEvent) => void;
  /** Ends the waiting, and not the operation: `abort` ends a deploy. */
  readonly signal?: AbortSignal;
}

export interface DeployOptions extends OperationOptions {
  /** Variables to set; null: to remove. */
  readonly env?: Readonly<Record<string, string | null | undefined>>;
  /** A whole environment, such as `process.env`, over which `env` wins. */
  readonly shellEnv?: Readonly<Record<string, string | undefined>>;
  /** Another script from now on; relative to the `cwd` of the client. */
  readonly script?: string;
  /** Another folder from now on, relative to the `cwd` of the client; a script in the old one moves along. */
  readonly cwd?: string;
  readonly workers?: WorkerCount;
  readonly timeout?: Duration;
  /** False: resolves as soon as the deploy is accepted. */
  readonly wait?: boolean;
}

export interface ReloadOptions extends OperationOptions {
  /** To go by from now on; null: none. Default: the one that the manager has. */
  readonly profile?: string | null;
}

export interface RollbackOptions extends OperationOptions {
  /** Default: the newest earlier generation that ran something else than what serves. */
  readonly to?: Generation;
  readonly timeout?: Duration;
}

export interface StopOptions extends OperationOptions {
  /** Workers that still run after this long are killed; default: `stop.timeout` of the config. */
  readonly timeout?: Duration;
}

export interface EventOptions {
  /** How many that are past; default 0. */
  readonly last?: number;
  /** Default true: ends only with the manager, or by leaving the loop. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

export type Names = string | readonly string[];

const OPERATION: OptionNames<OperationOptions> = { onEvent: true, signal: true };
const DEPLOY: OptionNames<DeployOptions> = {
  ...{ env: true, shellEnv: true, script: true, cwd: true, workers: true, timeout: true, wait: true },
  ...OPERATION,
};

/** Got from `connect` or `startManager`. It has no connection of its own that would have to be closed. */
export class EvenkeelClient {
  readonly #control: ControlClient;
  readonly #cwd: string;

  /** @internal */
  constructor(control: ControlClient, cwd: string) {
    this.#control = control;
    this.#cwd = cwd;
  }

  /** Of the manager. */
  version(): Promise<VersionAnswer> {
    return this.#control.version();
  }

  /** What runs: all apps, or one. */
  status(app?: string): Promise<Status> {
    return this.#control.status(app);
  }

  /** What `reload` would do, and why. Changes nothing. */
  async plan(options: Pick<ReloadOptions, 'profile'> = {}): Promise<Plan> {
    requireKnown('plan', options, { profile: true });
    const { profile } = options;
    return this.#control.plan(profile === null ? '' : profile);
  }

  /** The generations of an app. Values of env are null unless `showEnv` is set. */
  async history(app: string, options: { readonly showEnv?: boolean } = {}): Promise<HistoryAnswer> {
    requireKnown('history', options, { showEnv: true });
    return this.#control.history(app, options);
  }

  /** Brings up what is down: all apps, or those named and what they depend on. Resolves when they are ready. */
  async start(apps?: Names, options: OperationOptions = {}): Promise<OperationResult> {
    requireKnown('start', options, OPERATION);
    return this.#operate('/v1/start', apps === undefined ? {} : { apps: listOf(apps) }, options);
  }

  /** Reads the config again and changes exactly what differs. */
  async reload(options: ReloadOptions = {}): Promise<OperationResult> {
    requireKnown('reload', options, { ...OPERATION, profile: true });
    const { profile } = options;
    return this.#operate('/v1/reload', profile === undefined ? {} : { profile }, options);
  }

  /** Replaces apps by new generations, losing no request. What the options set stays until the next reload. */
  async deploy(apps: Names, options: DeployOptions = {}): Promise<OperationResult> {
    requireNames('deploy', apps, 'deployAll');
    return this.#operate('/v1/deploy', { apps: listOf(apps), options: this.#deployBody('deploy', options) }, options);
  }

  /** The same for every app that runs. */
  async deployAll(options: DeployOptions = {}): Promise<OperationResult> {
    return this.#operate('/v1/deploy', { all: true, options: this.#deployBody('deployAll', options) }, options);
  }

  /** Aborts a deploy under way; one whose old workers retire already is finished at once. */
  async abort(app: string, options: OperationOptions = {}): Promise<OperationResult> {
    requireKnown('abort', options, OPERATION);
    return this.#operate(pathOf(app, 'abort'), {}, options);
  }

  /** Deploys what an earlier generation ran. */
  async rollback(app: string, options: RollbackOptions = {}): Promise<OperationResult> {
    requireKnown('rollback', options, { ...OPERATION, to: true, timeout: true });
    const { to } = options;
    const body = { ...(to === undefined ? {} : { to }), ...timeoutOf(options) };
    return this.#operate(pathOf(app, 'rollback'), body, options);
  }

  /** Stops the app, then starts it: not zero-downtime. */
  async restart(app: string, options: OperationOptions = {}): Promise<OperationResult> {
    requireKnown('restart', options, OPERATION);
    return this.#operate(pathOf(app, 'restart'), {}, options);
  }

  /** Another number of workers, until the next reload. */
  async scale(app: string, workers: WorkerCount, options: OperationOptions = {}): Promise<OperationResult> {
    requireKnown('scale', options, OPERATION);
    return this.#operate(pathOf(app, 'scale'), { workers: workersOf(workers) }, options);
  }

  /** Stops apps; without a name everything, and then the manager, and resolves when that has ended. */
  async stop(apps?: Names, options: StopOptions = {}): Promise<OperationResult> {
    requireKnown('stop', options, { ...OPERATION, timeout: true });
    const timeout = timeoutOf(options);
    if (apps !== undefined) return this.#operate('/v1/stop', { apps: listOf(apps), ...timeout }, options);
    const manager = identify((await this.version()).pid);
    const result = await this.#operate('/v1/stop', timeout, options);
    if (manager !== null) await untilGone(manager);
    return result;
  }

  /** Sends a signal, "SIGUSR1", "usr1" or its number, to every worker of the app. */
  async signal(app: string, signal: string | number, options: OperationOptions = {}): Promise<OperationResult> {
    requireKnown('signal', options, OPERATION);
    return this.#operate(pathOf(app, 'signal'), { signal: signalOf(signal) }, options);
  }

  /** Sends a message, anything that JSON can say, to every worker of the app: `process.on('message')`. */
  async send(app: string, message: unknown, options: OperationOptions = {}): Promise<OperationResult> {
    requireKnown('send', options, OPERATION);
    return this.#operate(pathOf(app, 'send'), { message }, options);
  }

  /** Everything that happens, as it happens. */
  async *events(options: EventOptions = {}): AsyncIterable<EvenkeelEvent> {
    requireKnown('events', options, { last: true, follow: true, signal: true });
    const { last = 0, follow = true, signal } = options;
    yield* this.#control.events({ n: last, follow, ...(signal === undefined ? {} : { signal }) });
  }

  /** What the workers of an app write: the last lines, and then each that comes. */
  async *logs(app: string, options: LogOptions = {}): AsyncIterable<LogEntry> {
    requireKnown('logs', options, { last: true, follow: true, stream: true, onSkipped: true, signal: true });
    yield* readLogs(this.#control, app, options);
  }

  async #operate(path: string, body: unknown, { onEvent, signal }: OperationOptions): Promise<OperationResult> {
    const options = { ...(onEvent === undefined ? {} : { onEvent }), ...(signal === undefined ? {} : { signal }) };
    return requireSuccess(await this.#control.operate(path, body, options));
  }

  #deployBody(method: string, options: DeployOptions): object {
    requireKnown(method, options, DEPLOY);
    requireEnv(method, 'env', options.env);
    requireEnv(method, 'shellEnv', options.shellEnv);
    const { env, shellEnv, script, cwd, workers, wait } = options;
    return {
      ...(env === undefined ? {} : { env: definedOf(env) }),
      ...(shellEnv === undefined ? {} : { shellEnv: definedOf(shellEnv) }),
      ...(script === undefined ? {} : { script: resolve(this.#cwd, script) }),
      ...(cwd === undefined ? {} : { cwd: resolve(this.#cwd, cwd) }),
      ...(workers === undefined ? {} : { workers: workersOf(workers) }),
      ...timeoutOf(options),
      ...(wait === undefined ? {} : { wait }),
    };
  }
}

function pathOf(app: string, operation: string): string {
  return `/v1/apps/${encodeURIComponent(app)}/${operation}`;
}

function listOf(apps: Names): readonly string[] {
  return typeof apps === 'string' ? [apps] : apps;
}

function workersOf(given: WorkerCount): number {
  const workers = countWorkers(given);
  if (workers !== null) return workers;
  throw new EvenkeelError(
    'BAD_USAGE',
    `workers: "${given}" is not a number from 1 to ${MAX_WORKERS}, "max", "max-1" or "50%"`,
  );
}

function signalOf(given: string | number): string {
  const signal = parseSignal(given);
  if (signal !== null) return signal;
  throw new EvenkeelError('BAD_USAGE', `signal: "${given}" is not one that this system has`, {
    hint: '"SIGHUP", "usr1" or 10, for example.',
  });
}

function timeoutOf({ timeout }: { readonly timeout?: Duration }): { timeout?: Milliseconds } {
  if (timeout === undefined) return {};
  const parsed = parseDuration(timeout);
  if (parsed !== null) return { timeout: parsed };
  throw new EvenkeelError(
    'BAD_USAGE',
    `timeout: "${timeout}" is not a duration; write "500ms", "30s", "5m" or milliseconds`,
  );
}
