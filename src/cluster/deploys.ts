// Deploys from the request to the result: a new generation, its hooks, its pinned spec, its place in the history.
// (cluster process)

import { resolve as resolvePath } from 'node:path';
import type { ClusterAction } from '../core/cluster-model.ts';
import { deferred } from '../core/deferred.ts';
import { EvenkeelError } from '../core/errors.ts';
import type { AppSpec } from '../core/spec.ts';
import type { DeployRecord, DeployResult, Generation, LossReport, WorkerFailure } from '../core/status.ts';
import type { DeployRequest } from '../protocol/cluster-link.ts';
import { type ClusterHost, settingsFrom, type Told } from './cluster-host.ts';
import type { Generations } from './generations.ts';
import { type Rewrite, runHooks } from './hooks.ts';
import { pinSpec } from './pin-spec.ts';

interface Running {
  readonly kind: 'deploy' | 'restart';
  readonly generation: Generation;
  readonly request: DeployRequest;
  readonly startedAt: number;
  readonly hookOutput: string[];
  /** Ends the `before` hooks. */
  readonly abort: AbortController;
  /** Ends the `after` hooks. */
  readonly cutAfter: AbortController;
  readonly result: Promise<DeployResult>;
  settle(result: DeployResult): void;
}

/** Lines of hook output in a result. */
const KEPT_OUTPUT = 200;

export class Deploys {
  readonly #host: ClusterHost;
  readonly #generations: Generations;
  #running: Running | null = null;
  #start: Pick<Running, 'generation' | 'result'> | null = null;
  /** Its generation serves, and its `after` hooks run. */
  #ending: Running | null = null;

  constructor(host: ClusterHost, generations: Generations) {
    this.#host = host;
    this.#generations = generations;
  }

  get running(): { readonly generation: Generation; readonly reason: string; readonly startedAt: number } | null {
    if (this.#running === null) return null;
    const { generation, startedAt, request } = this.#running;
    return { generation, reason: request.reason, startedAt };
  }

  /** How the start ends that the app runs by, or is to; null: another generation has taken its place. */
  get start(): Promise<DeployResult> | null {
    const { deploy, current } = this.#host.model;
    return deploy?.from === 0 || current === this.#start?.generation ? (this.#start?.result ?? null) : null;
  }

  /**
   * One at a time: a second is refused, and told about the first. A restart is a deploy of what runs, without hooks, that
   * stops the old workers first.
   */
  begin(request: DeployRequest, kind: 'deploy' | 'restart' = 'deploy'): Promise<DeployResult> {
    if (this.#host.model.mode === 'stopping')
      throw new EvenkeelError('SHUTTING_DOWN', `${request.spec.name} is being stopped`);
    if (this.#running !== null)
      throw inProgress(request.spec.name, this.#running.generation, this.#host.model.deploy?.phase);
    const generation = this.#generations.next();
    const { promise, resolve: settle } = deferred<DeployResult>();
    const startedAt = Date.now();
    const abort = new AbortController();
    this.#running = {
      kind,
      generation,
      request,
      startedAt,
      hookOutput: [],
      abort,
      cutAfter: new AbortController(),
      result: promise,
      settle,
    };
    if (this.#host.model.mode === 'idle') this.#start = { generation, result: promise };
    const { spec, reason } = request;
    const { batch, settle: settleTime } = spec.deploy;
    const strategy = kind === 'restart' ? 'replace' : spec.deploy.strategy;
    this.#host.tell({ type: 'deploy-started', generation, reason, strategy });
    this.#host.dispatch({
      ...{ type: 'deploy', generation, settings: settingsFrom(spec), reason, strategy, workers: spec.workers, batch },
      ...{ settle: settleTime, timeout: request.timeout ?? spec.deploy.timeout, hooks: true },
    });
    return promise;
  }

  abort(reason: string, app: string): Promise<DeployResult> {
    const running = this.#running ?? this.#ending;
    if (running === null) throw new EvenkeelError('NO_DEPLOY', `${app}: no deploy is under way`);
    this.#host.dispatch({ type: 'abort', reason });
    running.cutAfter.abort();
    return running.result;
  }

  /** Kills hooks that would outlive this process. */
  close(): void {
    this.#ending?.cutAfter.abort();
  }

  /** The machine asks for it at the start of each deploy. */
  async prepare(generation: Generation): Promise<void> {
    const running = this.#running;
    if (running?.generation !== generation) return;
    const { spec, pinned } = running.request;
    const onLine = (hook: string, line: string): void => {
      if (running.hookOutput.length < KEPT_OUTPUT) running.hookOutput.push(line);
      this.#host.tell({ type: 'hook-output', hook, line });
    };
    const context = { spec, generation, signal: running.abort.signal, onLine };
    const hooks = await runHooks(running.kind === 'deploy' ? spec.deploy.before : [], context).catch(asFailure);
    if (!hooks.ok) return this.#host.dispatch({ type: 'hooks-failed', generation, reason: hooks.reason });
    const pinning = await pinSpec(rewritten(spec, hooks.rewrite), generation, pinned);
    if (!pinning.ok) return this.#host.dispatch({ type: 'hooks-failed', generation, reason: pinning.reason });
    this.#generations.pin(pinning.pinned);
    this.#host.dispatch({ type: 'hooks-passed', generation });
  }

  async ended(action: ClusterAction & { do: 'finish-deploy' }, failure: WorkerFailure | null): Promise<void> {
    const running = this.#running;
    const { deploy, outcome, reason } = action;
    if (running?.generation !== deploy.generation) return;
    running.abort.abort();
    const committed = this.#host.model.current === deploy.generation;
    const { request, startedAt } = running;
    const told = outcome === 'done' ? request.reason : `${request.reason}: ${reason}`;
    const record = {
      ...{ generation: deploy.generation, outcome, reason: told },
      ...{ startedAt: new Date(startedAt).toISOString(), durationMs: Date.now() - startedAt },
    };
    this.#generations.record(record, deploy.loss, committed);
    this.#host.tell(deployFinished(record, deploy.loss));
    this.#running = null;
    // A stop ends it too: what would come after a deploy has no app to come for.
    const goesOn = this.#host.model.mode === 'running';
    if (outcome === 'done' && running.kind === 'deploy' && goesOn) {
      this.#ending = running;
      await this.#runAfterHooks(running);
      if (this.#ending === running) this.#ending = null;
    }
    const cause = outcome === 'done' ? null : reason;
    running.settle({
      ...record,
      app: request.spec.name,
      cause,
      loss: deploy.loss,
      failure,
      hookOutput: running.hookOutput,
    });
  }

  /** The new generation serves already: a hook that fails now is told, but changes nothing. */
  async #runAfterHooks(running: Running): Promise<void> {
    const { spec, timeout } = running.request;
    if (spec.deploy.after.length === 0) return;
    const onLine = (hook: string, line: string): void => {
      if (running.hookOutput.length < KEPT_OUTPUT) running.hookOutput.push(line);
      this.#host.tell({ type: 'hook-output', hook, line });
    };
    const signal = AbortSignal.any([AbortSignal.timeout(timeout ?? spec.deploy.timeout), running.cutAfter.signal]);
    const result = await runHooks(spec.deploy.after, { spec, generation: running.generation, signal, onLine }).catch(
      asFailure,
    );
    if (!result.ok) onLine('after', `after: ${result.reason}`);
  }
}

export function deployFinished(record: DeployRecord, loss: LossReport): Told {
  const { generation, outcome, reason, durationMs } = record;
  return { type: 'deploy-finished', generation, outcome, reason, durationMs, loss };
}

export function inProgress(app: string, generation: Generation, phase: string | undefined): EvenkeelError {
  return new EvenkeelError(
    'DEPLOY_IN_PROGRESS',
    `${app}: generation ${generation} is being deployed (${phase ?? 'ending'})`,
    {
      hint: `Wait for it, or end it with \`evenkeel abort ${app}\`.`,
    },
  );
}

function rewritten(spec: AppSpec, rewrite: Rewrite): AppSpec {
  const cwd = rewrite.cwd === undefined ? spec.cwd : resolvePath(spec.cwd, rewrite.cwd);
  const script = rewrite.script === undefined ? spec.script : resolvePath(cwd, rewrite.script);
  return { ...spec, cwd, script };
}

function asFailure(error: unknown): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason: error instanceof Error ? error.message : String(error) };
}
