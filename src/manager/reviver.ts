// Manager: sees to it that what is meant to run does: brings the cluster process of an app back when it was killed, hangs or
// could not be started, and goes on with what an earlier manager has left unfinished. Its workers serve meanwhile, on the
// sockets they inherited; the next cluster process takes over from them.
//
// One thing at a time for an app, in its lane before everything but a stop, until it runs or is not meant to any more.

import { EvenkeelError } from '../core/errors.ts';
import type { Milliseconds } from '../core/spec.ts';
import type { ProcessIdentity } from '../platform/process-identity.ts';
import { Superseded, type Task } from './app-lane.ts';
import type { ClusterPorts } from './cluster-ports.ts';
import { stopDeadline } from './deadlines.ts';
import type { Fleet } from './fleet.ts';
import { UNWANTED } from './manager-state.ts';
import { pauseUnless } from './pause.ts';
import { resumeCluster } from './resume-cluster.ts';
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
    void this.#revive(app, lost, 'end');
  }

  /** An app whose cluster process runs nothing: whoever started it, or stopped what it ran to start it again, has gone. */
  goOn(app: string): void {
    void this.#revive(app, null, 'end');
  }

  async #revive(app: string, lost: ProcessIdentity | null, ifAlive: IfAlive): Promise<void> {
    const [owner, handle, lane] = [this.#fleet.owner(app), this.#fleet.handle(app), this.#fleet.lane(app)];
    // What is at it may be failing by this very loss.
    while (handle.revival !== null) await handle.revival;
    try {
      await owner.reviving(() => lane.run('revival', (task) => this.#untilItRuns(app, { lost, ifAlive, task })));
    } catch (error) {
      // Who stops the app takes down what there is.
      if (!(error instanceof Superseded)) this.#fleet.complain(error);
    }
  }

  async #untilItRuns(
    app: string,
    { lost, ifAlive, task }: { readonly lost: ProcessIdentity | null; readonly ifAlive: IfAlive; readonly task: Task },
  ): Promise<void> {
    const owner = this.#fleet.owner(app);
    const { signal } = task;
    if (lost !== null) {
      await owner.regain(lost, ifAlive, signal);
      if (!this.#ports.isAlive(lost)) this.#fleet.bus.emit({ type: 'cluster-lost', app, pid: lost.pid });
    }
    for (let attempt = this.#fleet.lossesOf(app); ; attempt++) {
      const delay = revivalDelay(attempt);
      if (!this.#runs(app) && delay > 0) await pauseUnless(signal, this.#ports.clock, delay);
      if (signal.aborted || !this.#fleet.isWanted(app)) return;
      try {
        if (!this.#runs(app)) await this.#bringUp(app, task);
        // The watch of the connection that was lost has ended with it.
        return this.#fleet.keeper.watch(this.#fleet.handle(app));
      } catch (error) {
        if (signal.aborted) return;
        // A successor that started and yet cannot resume must not be left behind beside the next one.
        await owner.abandon();
        this.#fleet.complain(`${app}: its cluster process is not back yet: ${String(error)}`);
      }
    }
  }

  #runs(app: string): boolean {
    const handle = this.#fleet.handle(app);
    return handle.isUp && handle.snapshot?.started === true && this.#fleet.state.app(app).restarting === null;
  }

  async #bringUp(app: string, task: Task): Promise<void> {
    const { restarting } = this.#fleet.state.app(app);
    if (restarting === null) return await this.#resume(app, task);
    try {
      const { ok, message } = await finishRestart(this.#fleet, app, restarting, task);
      if (!ok) this.#fleet.complain(`${app}: ${message}`);
    } catch (error) {
      // What it ran before is up again, or waits for its address.
      if (!(error instanceof EvenkeelError) || error.code !== 'LISTEN_FAILED') throw error;
      this.#fleet.complain(`${app}: ${error.message}`);
    }
  }

  async #resume(app: string, task: Task): Promise<void> {
    const [owner, handle] = [this.#fleet.owner(app), this.#fleet.handle(app)];
    const last = handle.snapshot?.current?.spec;
    const spec = last ?? (this.#fleet.fileSpec(app) === null ? null : this.#fleet.wantedSpec(app));
    // What only workers have that it left, the cluster process gets from them, and the manager from the cluster process.
    if (spec !== null) this.#fleet.sockets.holdPossible(app, spec);
    await owner.ensure();
    if (await resumeCluster(handle, spec, task)) {
      // The file may declare others by now than what runs.
      return this.#fleet.sockets.release(app, handle.snapshot?.current?.spec.listen);
    }
    // Nobody knows what ran, and it is not in the config: what is left of it ends.
    this.#fleet.state.update(app, UNWANTED);
    await owner.stop(null, stopDeadline(null, null));
  }
}

/** At once the first time, then 1, 2, 4 ... 30 s. `losses`: how often it was lost in a row, this time included. */
export function revivalDelay(losses: number): Milliseconds {
  return losses <= 1 ? 0 : Math.min(1000 * 2 ** (losses - 2), LONGEST_PAUSE);
}
