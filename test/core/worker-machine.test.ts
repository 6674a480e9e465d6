import { describe, expect, it } from 'vitest';
import { appState, workerCounts } from '../../src/core/app-state.ts';
import { SETTINGS, Simulator } from './simulator.ts';

const LIMITED = { ...SETTINGS, restart: { ...SETTINGS.restart, limit: 2 } };
const SCHEDULE = { type: 'all-leaving', reason: 'restart.schedule "0 4 * * *"' } as const;
const MEMORY = 'uses 600 MB, more than 512 MB';

describe('a worker that crashes', () => {
  it('comes back at once the first time', () => {
    const world = new Simulator().online();
    world.exit('0@1');
    expect(world.shown).toEqual(['0@1 booting', '1@1 ready']);
    expect(world.actions.at(-1)).toMatchObject({ do: 'spawn', slot: 0, reason: 'the worker before it ended' });
  });

  it('comes back later and later when it goes on crashing', () => {
    const world = new Simulator().online();
    world.exit('0@1');
    for (const [failures, delay] of [
      [2, 100],
      [3, 200],
      [4, 400],
      [5, 800],
      [6, 1000],
      [7, 1000],
    ] as const) {
      world.exit('0@1');
      expect(world.actions.at(-1)).toMatchObject({ do: 'backoff', slot: 0, delay, failures });
      expect(world.model.slots[0]?.why).toBe('exited with code 1 before it was ready');
      world.advance(delay - 1);
      expect(world.shown).toEqual(['1@1 ready']);
      world.advance(1);
      expect(world.shown).toEqual(['0@1 booting', '1@1 ready']);
    }
  });

  it('comes back even when the end of its delay went unnoticed', () => {
    const world = new Simulator().online();
    world.exit('0@1');
    world.exit('0@1');
    world.lag(5000);
    world.send({ type: 'worker-ready', key: 9999 });
    expect(world.pick('0@1').state).toBe('booting');
  });

  it('after a long life starts with a clean record', () => {
    const world = new Simulator().online();
    world.exit('0@1');
    world.exit('0@1');
    world.advance(100);
    world.ready('0@1');
    world.advance(SETTINGS.restart.resetAfter);
    world.exit('0@1');
    expect(world.pick('0@1').state).toBe('booting');
    expect(world.model.slots[0]).toMatchObject({ failures: 0, restarts: 3 });
  });

  it('is given up at the limit, and the others go on', () => {
    const world = new Simulator().online({ settings: LIMITED });
    world.exit('0@1');
    world.exit('0@1');
    expect(world.actions.at(-1)).toMatchObject({ do: 'give-up', slot: 0, failures: 2 });
    expect(world.calm().shown).toEqual(['1@1 ready']);
  });

  it('and was given up has a new chance with the next deploy', () => {
    const world = new Simulator().online({ settings: LIMITED });
    world.exit('0@1');
    world.exit('0@1');
    world.deploy();
    expect(world.calm().shown).toEqual(['0@2 ready', '1@2 ready']);
    expect(world.model.slots).toEqual({});
  });

  it('leaves the delays of other slots alone', () => {
    const world = new Simulator().online();
    world.exit('0@1');
    world.exit('0@1');
    world.exit('1@1');
    expect(world.shown).toEqual(['1@1 booting']);
  });

  it('is not restarted beyond the slots that are wanted', () => {
    const world = new Simulator().online();
    world.exit('1@1');
    world.send({ type: 'scale', workers: 1 });
    world.exit('1@1');
    expect(world.shown).toEqual(['0@1 ready']);
  });
});

describe('a worker that fails its health checks soon after it was ready', () => {
  it('is a failure of its slot: it serves on, and its successor comes later and later', () => {
    const world = new Simulator().online();
    world.fail('0@1');
    world.ready('0@1');
    world.exit('0@1 draining');
    for (const [failures, delay] of [
      [2, 100],
      [3, 200],
      [4, 400],
    ] as const) {
      world.fail('0@1');
      expect(world.actions.at(-1)).toMatchObject({ do: 'backoff', slot: 0, delay, failures });
      world.advance(delay - 1);
      expect(world.shown).toEqual(['0@1 ready', '1@1 ready']);
      expect(appState(world.model)).toBe('degraded');
      expect(workerCounts(world.model)).toEqual({ desired: 2, ready: 1 });
      world.advance(1);
      expect(world.shown).toEqual(['0@1 ready', '0@1 booting', '1@1 ready']);
      world.ready('0@1');
      expect(appState(world.model)).toBe('online');
      expect(world.shown).toEqual(['0@1 draining', '0@1 ready', '1@1 ready']);
      world.exit('0@1 draining');
    }
    expect(world.model.slots[0]).toMatchObject({ restarts: 4, failures: 4, why: expect.stringMatching(/./) });
  });

  it('shows as backoff where no other is well', () => {
    const world = new Simulator().online();
    for (const name of ['0@1', '1@1']) world.fail(name);
    expect(appState(world.model)).toBe('backoff');
    expect(workerCounts(world.model)).toEqual({ desired: 2, ready: 0 });
  });

  it('is counted once, also where it ends, is told again, or has an uncaught exception as well', () => {
    const world = new Simulator().online();
    world.fail('0@1');
    world.fail('0@1 ready');
    world.crash('0@1 ready', 'had an uncaught exception: Error: boo');
    world.exit('0@1 ready');
    expect(world.model.slots[0]).toMatchObject({ failures: 1, restarts: 1 });
  });

  it('has not lived long where it was not well for most of that', () => {
    const world = new Simulator().online();
    world.advance(3 * SETTINGS.restart.resetAfter);
    world.fail('0@1', 3 * SETTINGS.restart.resetAfter - 1);
    expect(world.model.slots[0]).toMatchObject({ failures: 1, restarts: 1 });
  });

  it('is replaced at once after a long life, and the app stays online', () => {
    const world = new Simulator().online();
    world.advance(SETTINGS.restart.resetAfter);
    world.fail('0@1');
    expect(world.shown).toEqual(['0@1 ready', '0@1 booting', '1@1 ready']);
    expect(world.model.slots[0]).toMatchObject({ failures: 0, restarts: 1 });
    expect(appState(world.model)).toBe('online');
  });

  it('at the limit is not replaced any more, and serves as well as it can', () => {
    const world = new Simulator().online({ settings: LIMITED });
    world.fail('0@1');
    world.ready('0@1');
    world.exit('0@1 draining');
    world.fail('0@1');
    expect(world.actions.at(-1)).toMatchObject({ do: 'give-up', slot: 0, failures: 2 });
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready']);
    expect(appState(world.model)).toBe('degraded');
  });
});

describe('a worker that is not ready in time', () => {
  it('drains, is killed if need be, and its successor need not wait for its end', () => {
    const world = new Simulator().online();
    world.exit('0@1');
    world.exit('0@1');
    world.advance(100);
    world.advance(1000);
    expect(world.shown).toEqual(['0@1 draining', '1@1 ready']);
    world.advance(200);
    expect(world.shown).toEqual(['0@1 draining', '0@1 booting', '1@1 ready']);
    world.advance(300);
    expect(world.shown).toEqual(['0@1 killing', '0@1 booting', '1@1 ready']);
    world.exit('0@1 killing', 'was ended by SIGKILL');
    world.ready('0@1');
    expect(world.shown).toEqual(['0@1 ready', '1@1 ready']);
    expect(world.model.slots[0]?.restarts).toBe(3);
  });

  it('is not ready any more once it drains', () => {
    const world = new Simulator().online();
    world.exit('0@1');
    const { key } = world.pick('0@1');
    world.fail('0@1');
    world.send({ type: 'worker-ready', key });
    expect(world.shown).toContain('0@1 draining');
  });
});

describe('recycling (memory, schedule)', () => {
  it('replaces one worker at a time, each first', () => {
    const world = new Simulator().online();
    world.send(SCHEDULE);
    expect(world.shown).toEqual(['0@1 ready', '0@1 booting', '1@1 ready']);
    world.ready('0@1');
    expect(world.shown).toEqual(['0@1 draining', '0@1 ready', '1@1 ready']);
    world.exit('0@1 draining');
    expect(world.shown).toEqual(['0@1 ready', '1@1 ready', '1@1 booting']);
    world.ready('1@1');
    world.exit('1@1 draining');
    expect(world.shown).toEqual(['0@1 ready', '1@1 ready']);
    expect(world.model.slots).toEqual({});
  });

  it('gives every worker its turn, however often the time of the schedule comes', () => {
    const world = new Simulator().online();
    world.send(SCHEDULE);
    world.ready('0@1');
    world.send(SCHEDULE);
    world.exit('0@1 draining');
    expect(world.shown).toEqual(['0@1 ready', '1@1 ready', '1@1 booting']);
    world.ready('1@1');
    world.exit('1@1 draining');
    expect(world.shown).toEqual(['0@1 ready', '0@1 booting', '1@1 ready']);
  });

  it('does not make one that is sick wait for all the others', () => {
    const world = new Simulator().online({ workers: 3 });
    world.send(SCHEDULE);
    world.ready('0@1');
    world.exit('0@1 draining');
    world.ready('1@1');
    world.fail('0@1');
    world.exit('1@1 draining');
    expect(world.shown).toEqual(['0@1 ready', '0@1 booting', '1@1 ready', '2@1 ready']);
  });

  it('says why', () => {
    const world = new Simulator().online();
    world.leave('0@1', MEMORY);
    expect(world.actions.at(-1)).toMatchObject({ do: 'spawn', reason: `replaces a worker: ${MEMORY}` });
    world.ready('0@1');
    expect(world.actions.at(-1)).toMatchObject({ do: 'drain', reason: MEMORY });
  });

  it('does not wait for one that is to be replaced later, and is itself only just coming', () => {
    const world = new Simulator().online();
    world.send({ type: 'worker-leaving', key: world.pick('0@1').key, reason: 'it asked for it', kind: 'asked' });
    world.send({ type: 'worker-leaving', key: world.pick('0@1', 'booting').key, reason: MEMORY, kind: 'upkeep' });
    world.leave('1@1', MEMORY);
    expect(world.shown).toEqual(['0@1 ready', '0@1 booting', '1@1 ready', '1@1 booting']);
  });

  it('ignores repeated requests', () => {
    const world = new Simulator().online();
    world.leave('0@1', MEMORY);
    world.send({ type: 'worker-leaving', key: world.pick('0@1', 'ready').key, reason: 'again', kind: 'upkeep' });
    expect(world.shown).toEqual(['0@1 ready', '0@1 booting', '1@1 ready']);
    world.ready('0@1');
    expect(world.actions.at(-1)).toMatchObject({ do: 'drain', reason: MEMORY });
  });

  it('leaves the worker serving while its replacement fails to boot', () => {
    const world = new Simulator().online();
    const { key } = world.pick('0@1');
    world.leave('0@1', MEMORY);
    for (const delay of [0, 100, 200]) {
      world.exit('0@1 booting');
      world.advance(delay);
      expect(world.shown).toEqual(['0@1 ready', '0@1 booting', '1@1 ready']);
    }
    expect(world.pick('0@1', 'ready').key).toBe(key);
    world.ready('0@1');
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready']);
  });

  it('leaves the worker serving for good when its slot is given up', () => {
    const world = new Simulator().online({ settings: LIMITED });
    world.leave('0@1', MEMORY);
    world.exit('0@1 booting');
    world.exit('0@1 booting');
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready']);
  });

  it('waits for the end of a deploy, which may replace everybody anyway', () => {
    const world = new Simulator().online();
    world.deploy();
    world.leave('0@1', MEMORY);
    expect(world.shown).toEqual(['0@1 ready', '0@2 booting', '1@1 ready', '1@2 booting']);
    world.exit('0@2');
    world.exit('1@2');
    expect(world.shown).toEqual(['0@1 ready', '0@1 booting', '1@1 ready']);
  });

  it('of a worker that crashes first is an ordinary restart', () => {
    const world = new Simulator().online();
    world.send(SCHEDULE);
    world.exit('1@1');
    expect(world.shown).toEqual(['0@1 ready', '0@1 booting', '1@1 booting']);
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready']);
  });
});

describe('a worker that asks to be replaced', () => {
  const offline = 'it asked for it';

  it('is replaced at once, beside one that is recycled', () => {
    const world = new Simulator().online();
    world.leave('0@1', MEMORY);
    world.leave('1@1', offline, 'asked');
    expect(world.shown).toEqual(['0@1 ready', '0@1 booting', '1@1 ready', '1@1 booting']);
  });

  it('is replaced sooner when it was to be recycled already', () => {
    const world = new Simulator().online();
    world.send(SCHEDULE);
    world.leave('1@1', offline, 'asked');
    expect(world.pick('1@1', 'booting').state).toBe('booting');
  });

  it.each([
    ['an old worker while the new ones boot', '0@1', 'booting'],
    ['an old worker while the new ones settle', '0@1', 'settling'],
    ['a new worker while it settles', '0@2', 'settling'],
    ['a new worker after the commit', '0@2', 'retiring'],
  ] as const)('during a deploy: %s', (_situation, name, phase) => {
    const world = new Simulator().online();
    world.deploy();
    world.calm((at) => at.phase === phase);
    world.leave(name, offline, 'asked');
    expect(world.shown.filter((shown) => shown.startsWith(name))).toEqual([`${name} ready`, `${name} booting`]);
    expect(world.calm().shown).toEqual(['0@2 ready', '1@2 ready']);
    expect(world.finishes.at(-1)?.outcome).toBe('done');
  });

  it('while it boots is replaced only when it is ready, so that one asking for ever never multiplies', () => {
    const world = new Simulator().online();
    world.leave('0@1', offline, 'asked');
    for (let round = 0; round < 5; round += 1) {
      world.send({ type: 'worker-leaving', key: world.pick('0@1', 'booting').key, reason: offline, kind: 'asked' });
      expect(world.shown).toEqual(['0@1 ready', '0@1 booting', '1@1 ready']);
      world.ready('0@1');
      expect(world.shown).toEqual(['0@1 draining', '0@1 ready', '0@1 booting', '1@1 ready']);
      world.exit('0@1 draining');
    }
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready']);
  });
});

describe('a worker that has crashed and serves on (restart.onUncaught: replace)', () => {
  const uncaught = 'had an uncaught exception: Error: boom';

  it('is replaced at once and first, and counts as one that has ended', () => {
    const world = new Simulator().online();
    world.crash('0@1', uncaught);
    expect(world.shown).toEqual(['0@1 ready', '0@1 booting', '1@1 ready']);
    expect(world.model.slots[0]).toMatchObject({ failures: 1, restarts: 1 });
    world.ready('0@1');
    expect(world.actions.at(-1)).toMatchObject({ do: 'drain', reason: uncaught });
    world.exit('0@1 draining');
    expect(world.shown).toEqual(['0@1 ready', '1@1 ready']);
    expect(world.model.slots[0]).toMatchObject({ failures: 1, restarts: 1 });
  });

  it('crashes once: what it throws later changes nothing', () => {
    const world = new Simulator().online();
    const { key } = world.pick('0@1');
    world.crash('0@1', uncaught);
    world.send({ type: 'worker-crashed', key, reason: 'again', random: 0.5 });
    world.send({ type: 'worker-leaving', key, reason: 'it asked for it', kind: 'asked' });
    expect(world.model.slots[0]?.restarts).toBe(1);
    world.ready('0@1');
    expect(world.actions.at(-1)).toMatchObject({ do: 'drain', reason: uncaught });
  });

  it('and then ends before it is replaced is counted once', () => {
    const world = new Simulator().online();
    world.crash('0@1', uncaught);
    world.exit('0@1 ready', 'was ended by SIGKILL');
    expect(world.shown).toEqual(['0@1 booting', '1@1 ready']);
    expect(world.model.slots[0]?.restarts).toBe(1);
  });

  it('is replaced later and later when each successor crashes too', () => {
    const world = new Simulator().online();
    world.crash('0@1', uncaught);
    for (const [failures, delay] of [
      [2, 100],
      [3, 200],
      [4, 400],
    ] as const) {
      world.ready('0@1');
      world.exit('0@1 draining');
      world.crash('0@1', uncaught);
      expect(world.actions.at(-1)).toMatchObject({ do: 'backoff', slot: 0, delay, failures });
      world.advance(delay - 1);
      expect(world.shown).toEqual(['0@1 ready', '1@1 ready']);
      world.advance(1);
      expect(world.shown).toEqual(['0@1 ready', '0@1 booting', '1@1 ready']);
    }
  });

  it('goes when its slot is given up', () => {
    const world = new Simulator().online({ settings: LIMITED });
    world.crash('0@1', uncaught);
    world.ready('0@1');
    world.exit('0@1 draining');
    world.crash('0@1', uncaught);
    expect(world.shown).toEqual(['0@1 draining', '1@1 ready']);
  });

  it('is replaced from its own generation during a deploy, which goes on', () => {
    const world = new Simulator().online();
    world.deploy();
    world.crash('0@1', uncaught);
    expect(world.shown).toEqual(['0@1 ready', '0@1 booting', '0@2 booting', '1@1 ready', '1@2 booting']);
    expect(world.calm().shown).toEqual(['0@2 ready', '1@2 ready']);
    expect(world.finishes.at(-1)?.outcome).toBe('done');
  });

  it('while it is on trial fails the deploy', () => {
    const world = new Simulator().online();
    world.deploy();
    world.calm((at) => at.phase === 'settling');
    world.crash('0@2', uncaught);
    expect(world.phase).toBe('aborting');
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready']);
    expect(world.finishes.at(-1)).toMatchObject({ outcome: 'failed', reason: `worker 0 ${uncaught}` });
  });

  it('while it boots is drained at once, and counts as a failure', () => {
    const world = new Simulator().online();
    world.exit('0@1');
    world.crash('0@1', uncaught);
    expect(world.shown).toEqual(['0@1 draining', '1@1 ready']);
    expect(world.actions.at(-1)).toMatchObject({ do: 'backoff', failures: 2 });
  });

  it('while it drains changes nothing', () => {
    const world = new Simulator().online();
    const { key } = world.pick('1@1');
    world.send({ type: 'scale', workers: 1 });
    world.send({ type: 'worker-crashed', key, reason: uncaught, random: 0.5 });
    expect(world.shown).toEqual(['0@1 ready', '1@1 draining']);
  });
});

describe('a worker whose health checks fail', () => {
  it('serves on until its replacement is ready', () => {
    const world = new Simulator().online();
    world.fail('0@1');
    expect(world.shown).toEqual(['0@1 ready', '0@1 booting', '1@1 ready']);
    world.ready('0@1');
    expect(world.shown).toEqual(['0@1 draining', '0@1 ready', '1@1 ready']);
  });

  it('while it boots is drained at once, and counts as a failure', () => {
    const world = new Simulator().online();
    world.exit('0@1');
    world.fail('0@1');
    expect(world.shown).toEqual(['0@1 draining', '1@1 ready']);
    expect(world.actions.at(-1)).toMatchObject({ do: 'backoff', failures: 2 });
    world.exit('0@1');
    expect(world.model.slots[0]?.failures).toBe(2);
  });
});
