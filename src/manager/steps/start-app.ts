// Manager: brings one app up, if it is not.

import { EvenkeelError } from '../../core/errors.ts';
import { type AppSpec, formatAddress } from '../../core/spec.ts';
import { pinnedPaths } from '../../platform/overrides.ts';
import type { AppResult } from '../../protocol/control-api.ts';
import type { Task } from '../app-lane.ts';
import { isListenFailed, notBack } from '../cluster-faults.ts';
import type { ClusterContact } from '../cluster-owner.ts';
import { deployDeadline, QUICK } from '../deadlines.ts';
import type { Fleet } from '../fleet.ts';
import { releaseSockets } from '../release-sockets.ts';
import { attempt, describeDeploy, inLane, type Outcome, skipped, withoutApp } from '../results.ts';
import type { StartWait } from '../start-waits.ts';
import { troubleOf } from '../trouble.ts';

export function startApp(fleet: Fleet, name: string, reasons: readonly string[], task: Task): Promise<AppResult> {
  return attempt(fleet, name, 'start', reasons, async () => {
    const spec = fleet.wantedSpec(name);
    fleet.state.update(name, { wanted: true });
    return await startOrWait(fleet, spec, () => start(fleet, spec, reasons, task));
  });
}

/** As startApp, but also where it is being brought back as it ran: the file is the way out of what prevents that. */
export function startByFile(fleet: Fleet, name: string, reasons: readonly string[], task: Task): Promise<AppResult> {
  return attempt(fleet, name, 'start', reasons, async () => {
    const spec = fleet.wantedSpec(name);
    fleet.state.update(name, { wanted: true, restarting: null });
    const work = (): Promise<Outcome> => bootInTurn(fleet, spec, reasons, task);
    // Where this fails, whoever brings it back goes on with that.
    return fleet.handle(name).revival === null ? await startOrWait(fleet, spec, work) : await work();
  });
}

/**
 * Throws as `work` does. Where nothing comes of it, for an address that somebody else has or a hook that fails, the app is
 * tried again until it runs.
 */
export async function startOrWait(fleet: Fleet, spec: AppSpec, work: () => Promise<Outcome>): Promise<Outcome> {
  const { name } = spec;
  try {
    const outcome = await work();
    if (cameToNothing(fleet, name, outcome)) return waitAfterHook(fleet, spec, outcome);
    fleet.waits.end(name);
    return outcome;
  } catch (error) {
    if (isListenFailed(error) && fleet.isWanted(name)) throw waitForAddress(fleet, spec, error);
    // One that was being tried again is not given up for what passes, such as a cluster process that does not answer.
    if (error instanceof EvenkeelError && fleet.waits.of(name) !== null && fleet.isWanted(name))
      retryLater(fleet, spec, withoutApp(name, error.message));
    else fleet.waits.end(name);
    throw error;
  }
}

/** A hook has failed, or the release is gone: no worker was started, so that no restart policy goes on. */
export function cameToNothing(fleet: Fleet, name: string, { ok }: Outcome): boolean {
  return !ok && fleet.isWanted(name) && fleet.runningSpec(name) === null;
}

function waitAfterHook(fleet: Fleet, spec: AppSpec, outcome: Outcome): Outcome {
  const { name } = spec;
  const { record } = retryLater(fleet, spec, outcome.deploy?.cause ?? outcome.message);
  const next = record.gaveUp ? `it is not tried again: \`evenkeel start ${name}\` does` : 'it is tried again';
  return { ...outcome, message: `${outcome.message}; ${next}` };
}

function waitForAddress(fleet: Fleet, spec: AppSpec, error: EvenkeelError): EvenkeelError {
  const { name } = spec;
  const { message: reason } = error;
  const { record } = retryLater(fleet, spec, reason);
  const { failures, gaveUp, notBefore } = record;
  const delayMs = gaveUp ? null : Math.round(notBefore - fleet.now());
  fleet.bus.emit({ type: 'listen-failed', app: name, reason, failures, delayMs });
  const next = gaveUp
    ? `\`evenkeel start ${name}\` tries again.`
    : `evenkeel tries again until it can; \`evenkeel stop ${name}\` ends that.`;
  const hint = [error.hint, next].filter((part) => part !== null).join(' ');
  return new EvenkeelError('LISTEN_FAILED', reason, { hint, cause: error });
}

function retryLater(fleet: Fleet, spec: AppSpec, reason: string): StartWait {
  return fleet.waits.add(spec, reason, () => void tryAgain(fleet, spec.name));
}

async function tryAgain(fleet: Fleet, name: string): Promise<void> {
  const reasons = ['it did not come up'];
  const { error, message } = await inLane(fleet, name, 'start', reasons, async (task) => {
    // Whoever stopped it, or has started it by now, has ended the waiting.
    if (fleet.waits.of(name) !== null && fleet.fileSpec(name) !== null)
      return await startApp(fleet, name, reasons, task);
    return skipped(name, 'does not wait any more');
  });
  // Those two are told otherwise.
  if (error !== null && !['LISTEN_FAILED', 'APP_STOPPED'].includes(error.code)) fleet.complain(`${name}: ${message}`);
}

async function start(fleet: Fleet, spec: AppSpec, reasons: readonly string[], task: Task): Promise<Outcome> {
  const { name } = spec;
  const handle = fleet.handle(name);
  // A start that an earlier manager asked for may have ended by now.
  if (handle.isUp && fleet.runningSpec(name) === null) await handle.refresh();
  if (fleet.runningSpec(name) !== null) return await wake(handle);
  if (comesBack(fleet, name)) throw notBack(handle);
  return await bootInTurn(fleet, spec, reasons, task);
}

/** As it ran, or as a restart of it was to leave it, and not as the file says by now. What waits to be tried again does not. */
function comesBack(fleet: Fleet, name: string): boolean {
  if (fleet.handle(name).revival === null || fleet.waits.of(name) !== null) return false;
  return fleet.state.app(name).restarting !== null || fleet.lastSpec(name) !== null;
}

function bootInTurn(fleet: Fleet, spec: AppSpec, reasons: readonly string[], task: Task): Promise<Outcome> {
  return fleet.boots.take(spec.name, task, () => boot(fleet, spec, reasons, task));
}

async function boot(fleet: Fleet, spec: AppSpec, reasons: readonly string[], task: Task): Promise<Outcome> {
  const { name } = spec;
  const handle = fleet.handle(name);
  const owner = fleet.owner(name);
  const mayServe = owner.hasLeftWorkers;
  await launch(fleet, handle, spec, task);
  const pinned = pinnedPaths(fleet.state.app(name).override);
  const request = { spec, reason: reasons.join(', ') || 'start', timeout: null, pinned };
  try {
    const result = await handle.ask('start', request, deployDeadline(spec, null, null));
    await handle.relearn();
    return describeDeploy(result);
  } catch (error) {
    if (!isListenFailed(error)) throw error;
    // A next start needs another one, which has all sockets. Workers that were left serve on until then.
    await (mayServe ? owner.abandon() : owner.stop(null, QUICK));
    // Tells who has them.
    releaseSockets(fleet, name);
    fleet.sockets.hold(name, spec);
    throw error;
  } finally {
    fleet.keeper.watch(handle);
  }
}

async function launch(fleet: Fleet, handle: ClusterContact, spec: AppSpec, task: Task): Promise<void> {
  const held = handle.snapshot?.held ?? [];
  // One that an earlier manager started, and in which nothing runs, may do.
  if (handle.isUp && spec.listen.every((address) => held.includes(formatAddress(address)))) return;
  await fleet.launch(handle.app, spec, task);
}

/** An app that has given up is tried again; any other that runs is left alone. */
async function wake(handle: ClusterContact): Promise<Outcome> {
  if (!handle.isUp) throw notBack(handle);
  const spec = handle.snapshot?.current?.spec;
  const trouble = handle.state === 'backoff' ? await troubleOf(handle) : null;
  if (trouble !== null) return trouble;
  if (handle.state !== 'failed' || spec === undefined) return { action: 'none', ok: true, message: 'already running' };
  const result = await handle.ask('restart', {}, deployDeadline(spec, spec, null));
  return describeDeploy(result, { word: 'up again' });
}
