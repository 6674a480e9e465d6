// Manager: puts one together: its state directory, its state, the clusters it adopts, its control API.

import { isDeepStrictEqual } from 'node:util';
import { type ErrorBody, EvenkeelError, toErrorBody } from '../core/errors.ts';
import type { EvenkeelEvent } from '../core/events.ts';
import { describeProfile, reloadCommand } from '../core/profile.ts';
import type { EcosystemSpec, ListenAddress } from '../core/spec.ts';
import { endsWithin } from '../logs/within.ts';
import type { FileKeeper, KeptFile } from '../platform/file-keeper.ts';
import { UNWANTED } from '../platform/manager-record.ts';
import type { StateLayout } from '../platform/paths.ts';
import { ensurePrivateDir } from '../platform/private-dir.ts';
import { registerEcosystem } from '../platform/registry.ts';
import type { BoundSocket } from '../platform/sockets.ts';
import { StateFile } from '../platform/state-file.ts';
import { CLOSING } from '../protocol/cluster-link.ts';
import { adoptClusters } from './adopt-clusters.ts';
import { type ApiServer, serveApi } from './api/serve-api.ts';
import type { EventHistory } from './api/stream-events.ts';
import type { ClusterPorts } from './cluster-ports.ts';
import type { ManagerContext } from './context.ts';
import { EventBus, type EventSink } from './event-bus.ts';
import { Fleet } from './fleet.ts';
import { keepFiles } from './keep-files.ts';
import { LateStarts } from './late-starts.ts';
import { ManagerLifecycle } from './lifecycle.ts';
import { openState } from './open-state.ts';
import { finishReload } from './operations/finish-reload.ts';
import { releaseDropped } from './release-sockets.ts';
import { Reviver } from './reviver.ts';
import { SerialQueue } from './serial-queue.ts';
import { StateStore } from './state-store.ts';
import { StateDirHold } from './take-state-dir.ts';
import { UnderWay } from './under-way.ts';
import { Warnings } from './warnings.ts';

export interface ManagerOptions {
  readonly layout: StateLayout;
  /** What the config says; or why it cannot be used, and then what ran before is only adopted. */
  readonly config:
    | { readonly ok: true; readonly ecosystem: EcosystemSpec }
    | { readonly ok: false; readonly error: EvenkeelError };
  /** Apps that are not to be brought back where they have gone. */
  readonly anew?: readonly string[];
  readonly evenkeel: string;
  /** Absolute path of the agent to preload. */
  readonly agent: string;
  readonly ports: ClusterPorts;
  readonly log: EventSink & EventHistory & { close(): Promise<void> };
  /** Files of its logs, to be put back when they are removed. */
  readonly logFiles: readonly KeptFile[];
  bind(address: ListenAddress): BoundSocket;
  load(profile: string | null): Promise<EcosystemSpec>;
  /** The one it was started with. */
  readonly profile: string | null;
  complain(problem: unknown): void;
}

export interface Manager {
  readonly context: ManagerContext;
  readonly lifecycle: ManagerLifecycle;
  /** Why the config could not be used at the start; null: it could. */
  readonly configError: ErrorBody | null;
  /** Ends the manager and nothing else: what runs, runs on. */
  close(reason: string): Promise<void>;
}

/** Requests that are still being answered when the manager goes. */
const API_CLOSE_TIMEOUT = 2_000;
/** The command that starts a manager asks for the apps at once. */
const FIRST_START_TIMEOUT = 2_000;
const UNFINISHED = 'a reload was under way when the manager was killed, and the config has changed since';
/** Events of an earlier manager that are looked through for those which clusters tell again. */
const RECORDED_EVENTS = 2_000;

/** Throws MANAGER_RUNS, STATE_*, LISTEN_FAILED, or what is wrong with the config where nothing runs to be adopted. */
export async function openManager(options: ManagerOptions): Promise<Manager> {
  const { layout, config } = options;
  const hold = new StateDirHold(layout, (problem) => options.complain(problem));
  try {
    const { state, repaired } = openState(layout.stateFile);
    const bus = new EventBus(options.log, () => options.ports.clock.wallNow());
    const warnings = new Warnings();
    const noteProblem = (problem: string | null): void => {
      warnings.note(layout.stateFile, problem);
      bus.emit({ type: 'state-problem', file: layout.stateFile, problem });
    };
    const file = new StateFile(layout.stateFile, {
      onError: (error) => {
        options.complain(error);
        noteProblem(toErrorBody(error).message);
      },
      onRecovery: () => {
        options.complain(`${layout.stateFile} is written again`);
        noteProblem(null);
      },
    });
    const store = new StateStore(state, file);
    bus.emit({ type: 'manager-started', pid: process.pid, version: options.evenkeel });
    if (repaired !== null) bus.emit({ type: 'state-repaired', file: layout.stateFile, message: repaired });
    if (config.ok) useConfig(store, config.ecosystem);
    else bus.emit({ type: 'config-invalid', problems: config.error.problems.length });
    const registration = await register(store, options);
    const fleet: Fleet = new Fleet({
      ...{ layout, bus, warnings, state: store, bind: options.bind, ensureDir: ensurePrivateDir },
      ...{ evenkeel: options.evenkeel, agent: options.agent, ports: options.ports },
      recorded: await recordedEvents(options.log),
      onLoss: (app, lost) => reviver.noteLoss(app, lost),
      onDeployed: (app) => void releaseDropped(fleet, app),
      complain: (problem) => options.complain(problem),
    });
    const reviver: Reviver = new Reviver(fleet, options.ports);
    for (const name of options.anew ?? []) if (store.names.includes(name)) store.update(name, UNWANTED);
    const adopted = await adoptClusters(fleet, reviver, options.ports.present(), new Set(Object.keys(state.apps)));
    // With nothing to look after there is no use in a manager without a config.
    if (!config.ok && fleet.isIdle) {
      bus.emit({ type: 'manager-stopped', reason: 'the config cannot be used, and nothing runs' });
      throw config.error;
    }
    const lifecycle = new ManagerLifecycle();
    const context = contextOf(options, fleet, lifecycle, { ecosystem: state.ecosystem, adopted });
    goOnReloading(context, state.reloading);
    const api = await serveApi(layout.managerSocket, context, options.log);
    const configError = config.ok ? null : config.error.toBody();
    const keeper = keepFiles({
      ...{ layout, fleet, hold, api, bus, registration, state: store },
      ...{ clock: options.ports.clock, others: options.logFiles, complain: (problem) => options.complain(problem) },
    });
    const close = (reason: string) => closeManager(reason, { keeper, api, fleet, file, log: options.log, hold });
    return { context, lifecycle, configError, close };
  } catch (error) {
    hold.giveBack();
    throw error;
  }
}

/** Not where the config says something else by now: what it says then has been read by nobody who wanted it. */
function goOnReloading(context: ManagerContext, ecosystem: EcosystemSpec | null): void {
  const { state, bus } = context.fleet;
  if (ecosystem === null) return;
  if (isDeepStrictEqual(ecosystem, state.ecosystem)) return void finishReload(context, ecosystem);
  state.setReloading(null);
  bus.emit({ type: 'reload-refused', reason: UNFINISHED });
}

function useConfig(store: StateStore, ecosystem: EcosystemSpec): void {
  const first = store.ecosystem === null;
  // What runs is as the earlier manager left it; a reload compares it with the file.
  store.setEcosystem(ecosystem);
  // Nothing has been asked for yet: these run when they are started.
  if (first) for (const { name } of ecosystem.apps) store.update(name, {});
}

/** What was written; null: nothing could be. */
async function register(store: StateStore, { layout, complain }: ManagerOptions): Promise<readonly string[] | null> {
  const { file } = store.ecosystem ?? {};
  try {
    return file === undefined ? [] : await registerEcosystem(file, layout.dir);
  } catch (error) {
    // The full disk again; where it was written before, or the directory is the usual one, nothing is amiss.
    if (error instanceof EvenkeelError) throw error;
    complain(error);
    return null;
  }
}

/** Of the manager before this one. */
interface Legacy {
  /** What it went by. */
  readonly ecosystem: EcosystemSpec | null;
  readonly adopted: readonly string[];
}

function contextOf(options: ManagerOptions, fleet: Fleet, lifecycle: ManagerLifecycle, before: Legacy): ManagerContext {
  const { ports, evenkeel, config } = options;
  const until = ports.clock.now() + FIRST_START_TIMEOUT;
  let first = config.ok ? config.ecosystem : null;
  const takeFirst = (): EcosystemSpec | null => {
    const ecosystem = ports.clock.now() < until ? first : null;
    first = null;
    return ecosystem;
  };
  const profiles = fleet.isIdle ? [] : profileNotices(before.ecosystem, fleet.state.ecosystem);
  const notices = [...adoptionNotices(fleet, before.adopted), ...profiles];
  return {
    takeNotices: () => notices.splice(0),
    ...{ fleet, lifecycle, takeFirst, lateStarts: new LateStarts(fleet), reloads: new SerialQueue() },
    underWay: new UnderWay(),
    about: { pid: process.pid, version: evenkeel, startedAt: new Date(ports.clock.wallNow()).toISOString() },
    load: (profile) => {
      first = null;
      const { ecosystem } = fleet.state;
      return options.load(profile === undefined ? (ecosystem ?? options).profile : profile);
    },
  };
}

/** What runs is as it was, but the next reload would not go by what made it so. */
function profileNotices(before: EcosystemSpec | null, now: EcosystemSpec | null): string[] {
  if (before === null || now === null || before.profile === now.profile) return [];
  const change = `the manager before this one ran ${describeProfile(before.profile)}, and this one runs ${describeProfile(now.profile)}`;
  return [`${change}; what runs is as it was, and ${reloadCommand(before.profile)} goes back`];
}

function adoptionNotices(fleet: Fleet, adopted: readonly string[]): string[] {
  const names = fleet.names.filter((name) => adopted.includes(name) && fleet.runningSpec(name) !== null);
  if (names.length === 0) return [];
  return [
    `took over ${names.length === 1 ? '1 app as it runs' : `${names.length} apps as they run`}: ${names.join(', ')}`,
  ];
}

async function recordedEvents(log: EventHistory): Promise<ReadonlySet<string>> {
  const events: readonly EvenkeelEvent[] = await log.last(RECORDED_EVENTS);
  return new Set(events.map((event) => JSON.stringify(event)));
}

interface Parts {
  readonly keeper: FileKeeper;
  readonly api: ApiServer;
  readonly fleet: Fleet;
  readonly file: StateFile;
  readonly log: { close(): Promise<void> };
  readonly hold: StateDirHold;
}

async function closeManager(reason: string, { keeper, api, fleet, file, log, hold }: Parts): Promise<void> {
  // It, and what follows, waits for files: not for ever, should the disk hang.
  await endsWithin(CLOSING.state, keeper.close());
  // Those who follow the events are told, and leave.
  fleet.bus.emit({ type: 'manager-stopped', reason });
  await api.close(API_CLOSE_TIMEOUT);
  fleet.close();
  await endsWithin(CLOSING.state, file.close());
  await endsWithin(CLOSING.logs, log.close());
  hold.giveBack();
}
