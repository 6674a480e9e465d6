// Manager: sees to it that what is meant to run does: brings the cluster process of an app back when it was killed, hangs or
// could not be started, and goes on with what an earlier manager has left unfinished. Its workers serve meanwhile, on the
// sockets they inherited; the next cluster process takes over from them.
//
// One thing at a time for an app, in its lane before everything but a stop, until it runs or is not meant to any more.

import { toErrorBody } from '../core/errors.ts';
import type { AppSpec, Milliseconds } from '../core/spec.ts';
import { UNWANTED } from '../platform/manager-record.ts';
import type { ProcessIdentity } from '../platform/process-identity.ts';
import { Superseded, type Task, type Work } from './app-lane.ts';
import { isListenFailed } from './cluster-faults.ts';
import type { ClusterPorts } from './cluster-ports.ts';
import { stopDeadline } from './deadlines.ts';
import type { Fleet } from './fleet.ts';
import { pauseUnless } from './pause.ts';
import { withoutApp } from './results.ts';
import { type Resumption, resumeCluster } from './resume-cluster.ts';
import { finishRestart } from './steps/restart-app.ts';

const LONGEST_PAUSE: Milliseconds = 30_000;

/** What becomes of a cluster process that was lost and lives: perhaps only the connection broke; or that has been tried. */
type IfAlive = 'reconnect' | 'end';

export class Reviver {
  readonly #fleet: Fleet;
  readonly #ports: ClusterPorts;

  constructor(fleet: Fleet, ports: ClusterPorts) {
    this.#fleet = fleet;
    this.#ports = ports;
  }

  /** The connection to it has ended; or, null, it could not be started. */
  noteLoss(app: string, lost: ProcessIdentity | null): void {
    void this.#revive(app, lost, 'reconnect');
  }

  /** An app whose cluster process is gone, or did not answer when it was to be adopted. null: nobody knows which it was. */
  recover(app: string, lost: ProcessIdentity | null): void {
    this.#fleet.state.update(app, { wanted: true });
    this.#fleet.cameBack.set(app, null);
    void this.#revive(app, lost, 'end');
  }

  /** An app whose cluster process runs nothing: whoever started it, or stopped what it ran to start it again, has gone. */
  goOn(app: string): void {
    void this.#revive(app, null, 'end');
  }

  async #revive(app: string, lost: ProcessIdentity | null, ifAlive: IfAlive): Promise<void> {
    const { revival } = this.#fleet.handle(app);
    // What is at it may be failing by this very loss.
    if (revival !== null) {
      await revival;
      return await this.#revive(app, lost, ifAlive);
    }
    try {
      await this.#fleet.owner(app).reviving(() => this.#untilItRuns(app, lost, ifAlive));
    } catch (error) {
      // Who stops the app takes down what there is.
      if (!(error instanceof Superseded)) this.#fleet.complain(error);
    }
  }

  /** Between two attempts others have their turn: they are told what keeps the app from coming back. */
  async #untilItRuns(app: string, lost: ProcessIdentity | null, ifAlive: IfAlive): Promise<void> {
    const lane = this.#fleet.lane(app);
    const signal = lane.untilStop;
    let settle: Work<void> = async (task) => {
      if (lost !== null) await this.#settleLoss(app, lost, ifAlive, task);
      settle = async () => {};
    };
    for (let attempt = Math.max(1, this.#fleet.lossesOf(app)); !signal.aborted; attempt++) {
      const delay = revivalDelay(attempt);
      if (delay > 0) {
        await lane.run('revival', settle);
        if (!this.#runs(app)) await pauseUnless(signal, this.#ports.clock, delay);
        if (signal.aborted) return;
      }
      const isOver = await lane.run('revival', async (task) => {
        await settle(task);
        return await this.#attempt(app, revivalDelay(attempt + 1), task);
      });
      if (isOver) return;
    }
  }

  async #settleLoss(app: string, lost: ProcessIdentity, ifAlive: IfAlive, { signal }: Task): Promise<void> {
    await this.#fleet.owner(app).regain(lost, ifAlive, signal);
    if (!this.#ports.isAlive(lost)) this.#fleet.bus.emit({ type: 'cluster-lost', app, pid: lost.pid });
  }

  /** True: there is nothing left to do. False: it failed, and is to be tried again after `delayMs`. */
  async #attempt(app: string, delayMs: Milliseconds, task: Task): Promise<boolean> {
    const owner = this.#fleet.owner(app);
    if (!this.#fleet.isWanted(app)) return true;
    try {
      if (!this.#runs(app)) await this.#bringUp(app, task);
      // The watch of the connection that was lost has ended with it.
      this.#fleet.keeper.watch(this.#fleet.handle(app));
      return true;
    } catch (error) {
      if (task.signal.aborted) return true;
      // A successor that started and yet cannot resume must not be left behind beside the next one.
      await owner.abandon();
      const reason = withoutApp(app, toErrorBody(error).message);
      owner.noteFailure(reason);
      this.#fleet.complain(error);
      this.#fleet.bus.emit({ type: 'cluster-failed', app, reason, delayMs });
      return false;
    }
  }

  #runs(app: string): boolean {
    const handle = this.#fleet.handle(app);
    return handle.isUp && handle.snapshot?.started === true && this.#fleet.state.app(app).restarting === null;
  }

  async #bringUp(app: string, task: Task): Promise<void> {
    const { restarting } = this.#fleet.state.app(app);
    if (restarting === null) return await this.#fleet.boots.take(app, task, () => this.#resume(app, task));
    try {
      const { ok, message } = await finishRestart(this.#fleet, app, restarting, task);
      if (!ok) this.#fleet.complain(`${app}: ${message}`);
    } catch (error) {
      // What it ran before is up again, or is tried again.
      if (!isListenFailed(error)) throw error;
      this.#fleet.complain(`${app}: ${error.message}`);
    }
  }

  async #resume(app: string, task: Task): Promise<void> {
    const [owner, handle] = [this.#fleet.owner(app), this.#fleet.handle(app)];
    const spec = this.#fleet.lastSpec(app) ?? (this.#fleet.fileSpec(app) === null ? null : this.#fleet.wantedSpec(app));
    // What only workers have that it left, the cluster process gets from them, and the manager from the cluster process.
    if (spec !== null) this.#fleet.sockets.holdPossible(app, spec);
    await owner.ensure();
    const resumption = await this.#takeUp(app, spec, task);
    if (resumption !== 'unknown') {
      const current = handle.snapshot?.current;
      const isBack = resumption === 'resumed' && this.#fleet.cameBack.has(app);
      if (isBack) this.#fleet.cameBack.set(app, current?.generation ?? null);
      // The file may declare others by now than what runs.
      return this.#fleet.sockets.release(app, current?.spec.listen);
    }
    // Nobody knows what ran, and it is not in the config: what is left of it ends.
    this.#fleet.state.update(app, UNWANTED);
    await owner.stop(null, stopDeadline(null, null));
  }

  async #takeUp(app: string, spec: AppSpec | null, task: Task): Promise<Resumption> {
    try {
      return await resumeCluster(this.#fleet.handle(app), spec, task);
    } catch (error) {
      // Tells who has it.
      if (spec !== null && isListenFailed(error)) this.#fleet.sockets.hold(app, spec);
      throw error;
    }
  }
}

/** At once the first time, then 1, 2, 4 ... 30 s. `losses`: how often it was lost in a row, this time included. */
export function revivalDelay(losses: number): Milliseconds {
  return losses <= 1 ? 0 : Math.min(1000 * 2 ** (losses - 2), LONGEST_PAUSE);
}
