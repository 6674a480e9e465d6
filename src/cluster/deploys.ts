// Deploys from the request to the result: a new generation, its hooks, its pinned spec, its place in the history.
// (cluster process)

import type { ClusterAction } from '../core/cluster-model.ts';
import { deferred } from '../core/deferred.ts';
import { isCommitted } from '../core/deploy-machine.ts';
import { EvenkeelError } from '../core/errors.ts';
import { humanDuration } from '../core/human-duration.ts';
import type { DeployRecord, DeployResult, Generation, LossReport, WorkerFailure } from '../core/status.ts';
import type { DeployRequest } from '../protocol/cluster-link.ts';
import type { ClusterHost } from './cluster-host.ts';
import { settingsFrom } from './generation-settings.ts';
import type { Generations } from './generations.ts';
import { HookLines } from './hook-output.ts';
import { runHooks } from './hooks.ts';
import { hintOfGone, pinSpec } from './pin-spec.ts';
import type { Told } from './told.ts';

interface Running {
  readonly kind: 'deploy' | 'restart';
  readonly generation: Generation;
  readonly request: DeployRequest;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** performance.now() */
  readonly since: number;
  readonly hookLines: HookLines;
  /** Ends the `before` hooks. */
  readonly abort: AbortController;
  /** Ends the `after` hooks. */
  readonly cutAfter: AbortController;
  readonly result: Promise<DeployResult>;
  settle(result: DeployResult): void;
  /** What to do about why it could not be prepared. */
  hint: string | null;
}

export class Deploys {
  readonly #host: ClusterHost;
  readonly #generations: Generations;
  #running: Running | null = null;
  #start: Pick<Running, 'generation' | 'result'> | null = null;
  /** Their generations have served, and their `after` hooks run; the newest last. */
  readonly #ending = new Set<Running>();

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
      since: performance.now(),
      hookLines: new HookLines((hook, line) => this.#host.tell({ type: 'hook-output', hook, line })),
      abort,
      cutAfter: new AbortController(),
      result: promise,
      settle,
      hint: null,
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

  /** `hurry` false: only where there is a way back. Throws NO_DEPLOY. */
  abort(reason: string, app: string, hurry: boolean): Promise<DeployResult> {
    const running = this.#running ?? [...this.#ending].at(-1) ?? null;
    if (running === null) throw new EvenkeelError('NO_DEPLOY', `${app}: no deploy is under way`);
    const { deploy } = this.#host.model;
    // Hooks that come after it can be cut.
    if (!hurry && deploy !== null && isCommitted(deploy))
      throw new EvenkeelError('NO_DEPLOY', `${app}: generation ${running.generation} serves: it is too late to abort`);
    this.#host.dispatch({ type: 'abort', reason });
    running.cutAfter.abort();
    return running.result;
  }

  /** Kills hooks that would outlive this process. */
  close(): void {
    for (const { cutAfter } of this.#ending) cutAfter.abort();
  }

  /** The machine asks for it at the start of each deploy. */
  async prepare(generation: Generation): Promise<void> {
    const running = this.#running;
    if (running?.generation !== generation) return;
    const { spec, pinned } = running.request;
    const { cwd, script } = spec;
    const hooks = await runHooks(running.kind === 'deploy' ? spec.deploy.before : [], {
      ...{ key: 'deploy.before', spec, generation, slot: null, cwd, script, signal: running.abort.signal },
      lines: running.hookLines,
    });
    if (!hooks.ok) return this.#host.dispatch({ type: 'hooks-failed', generation, reason: hooks.reason });
    const pinning = await pinSpec(spec, generation, hooks, pinned);
    if (!pinning.ok) {
      if (pinning.isGone) running.hint = hintOfGone(spec.name, this.#start?.generation !== generation);
      return this.#host.dispatch({ type: 'hooks-failed', generation, reason: pinning.reason });
    }
    this.#generations.pin(pinning.pinned);
    this.#host.dispatch({ type: 'hooks-passed', generation });
  }

  async ended(action: ClusterAction & { do: 'finish-deploy' }, failure: WorkerFailure | null): Promise<void> {
    const running = this.#running;
    const { deploy, outcome } = action;
    if (running?.generation !== deploy.generation) return;
    const { running: hook } = running.hookLines;
    const reason = hook === null ? action.reason : `${action.reason}; hook ${hook} was still running`;
    running.abort.abort();
    const { request, startedAt, since } = running;
    const told = outcome === 'done' ? request.reason : `${request.reason}: ${reason}`;
    const record = {
      ...{ generation: deploy.generation, outcome, reason: told },
      ...{ startedAt: new Date(startedAt).toISOString(), durationMs: Math.round(performance.now() - since) },
    };
    this.#generations.record(record, deploy.loss, this.#host.model);
    this.#host.tell(deployFinished(record, deploy.loss));
    this.#running = null;
    let afterFailure: string | null = null;
    // A stop ends it too: what would come after a deploy has no app to come for.
    const goesOn = this.#host.model.mode === 'running';
    if (outcome === 'done' && running.kind === 'deploy' && goesOn) {
      this.#ending.add(running);
      afterFailure = await this.#runAfterHooks(running).finally(() => this.#ending.delete(running));
    }
    const cause = outcome === 'done' ? null : reason;
    running.settle({
      ...record,
      app: request.spec.name,
      cause,
      loss: deploy.loss,
      failure,
      hookOutput: running.hookLines.last,
      afterFailure,
      hint: running.hint,
    });
  }

  /** The new generation serves already: a hook that fails now changes nothing. Why one did; null: none did. */
  async #runAfterHooks(running: Running): Promise<string | null> {
    const { spec, timeout } = running.request;
    if (spec.deploy.after.length === 0) return null;
    const { generation, hookLines } = running;
    const { realCwd: cwd, realScript: script } = this.#generations.pinned(generation);
    const deadline = timeout ?? spec.deploy.timeout;
    const late = AbortSignal.timeout(deadline);
    const signal = AbortSignal.any([late, running.cutAfter.signal]);
    const result = await runHooks(spec.deploy.after, {
      ...{ key: 'deploy.after', spec, generation, slot: null, cwd, script, signal },
      lines: hookLines,
    });
    if (result.ok) return null;
    return late.aborted ? `${result.reason}: it took longer than ${humanDuration(deadline)}` : result.reason;
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
