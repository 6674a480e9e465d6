import { expect, it } from 'vitest';
import { EvenkeelError } from '../../src/core/errors.ts';
import type { ClusterContact } from '../../src/manager/cluster-owner.ts';
import { Heartbeat } from '../../src/manager/heartbeat.ts';
import { FakeClock } from '../support/fake-clock.ts';

const INTERVAL = 15_000;
/** A cluster process is asked at one of so many beats. */
const ROUND = 8;

interface Rig {
  /** What it does when it is asked. */
  answers: boolean;
  stopped: boolean;
  isDoubtful: boolean;
  killFails: boolean;
  asked: number;
  kills: number;
  problems: number;
  /** Resolves when all that follows has happened. */
  pass(milliseconds: number): Promise<void>;
}

function watched(start = 0): Rig {
  const clock = new FakeClock(start);
  const rig: Rig = {
    ...{ answers: true, stopped: false, isDoubtful: false, killFails: false, asked: 0, kills: 0, problems: 0 },
    async pass(milliseconds) {
      clock.advance(milliseconds);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  const handle = {
    identity: { pid: 1, startTime: '1' },
    get isDoubtful() {
      return rig.isDoubtful;
    },
    ask() {
      rig.asked += 1;
      return rig.answers ? Promise.resolve({}) : Promise.reject(new EvenkeelError('TIMED_OUT', 'silent'));
    },
  };
  const heartbeat = new Heartbeat(handle as unknown as ClusterContact, {
    clock,
    isStopped: () => rig.stopped,
    kill() {
      if (rig.killFails) throw new Error('EMFILE');
      rig.kills += 1;
    },
    complain() {
      rig.problems += 1;
    },
  });
  heartbeat.watch();
  return rig;
}

it('asks one that runs once in eight beats', async () => {
  const rig = watched();
  for (let beat = 0; beat < 3 * ROUND; beat += 1) await rig.pass(INTERVAL);
  expect(rig).toMatchObject({ asked: 3, kills: 0 });
});

it('asks one that has left something unanswered at the next beat, and ends it when it does not answer twice', async () => {
  const rig = watched();
  Object.assign(rig, { isDoubtful: true, answers: false });
  await rig.pass(INTERVAL);
  expect(rig).toMatchObject({ asked: 1, kills: 0 });
  await rig.pass(INTERVAL);
  expect(rig).toMatchObject({ asked: 2, kills: 1 });
});

it('ends one that is stopped at two beats, the second no sooner than half an interval after the first', async () => {
  const rig = watched();
  rig.stopped = true;
  // The manager was stopped as well: this beat comes when the next one is all but due.
  await rig.pass(INTERVAL * 1.99);
  expect(rig.kills).toBe(0);
  await rig.pass(INTERVAL * 0.5);
  expect(rig.kills).toBe(0);
  await rig.pass(INTERVAL * 0.51);
  expect(rig).toMatchObject({ asked: 0, kills: 1 });
});

it('forgets one miss that is followed by an answer', async () => {
  const rig = watched();
  rig.stopped = true;
  await rig.pass(INTERVAL);
  rig.stopped = false;
  await rig.pass(INTERVAL);
  rig.stopped = true;
  await rig.pass(INTERVAL);
  expect(rig).toMatchObject({ asked: 1, kills: 0 });
});

it('tries again what it could not end', async () => {
  const rig = watched();
  Object.assign(rig, { stopped: true, killFails: true });
  await rig.pass(INTERVAL);
  await rig.pass(INTERVAL);
  expect(rig).toMatchObject({ kills: 0, problems: 1 });
  rig.killFails = false;
  await rig.pass(INTERVAL);
  expect(rig.kills).toBe(1);
});
