// Strategy handover: two generations never serve at once.

import { describe, expect, it } from 'vitest';
import { LAST_GRACE } from '../../src/core/cluster-machine.ts';
import { ALONE, EXCLUSIVE, SETTINGS, Simulator } from './simulator.ts';

const HANDOVER = { strategy: 'handover', settings: EXCLUSIVE } as const;
const ABORT = { type: 'abort', reason: 'aborted by Ctrl-C' } as const;

function online(workers = 2): Simulator {
  return new Simulator().online({ ...HANDOVER, workers });
}

/** The old workers drain, the new ones stand by. */
function yielding(): Simulator {
  const world = online();
  world.deploy(HANDOVER);
  world.atGate('0@2', '1@2');
  return world;
}

/** Nobody of the old generation serves any more, and the new one has begun to. */
function settling(): Simulator {
  const world = yielding();
  world.drained('0@1', '1@1');
  world.ready('0@2', '1@2');
  return world;
}

describe('a deploy by handover', () => {
  it('boots the new workers as far as they come, drains the old ones, and lets the new ones listen when those have finished', () => {
    const world = online();
    world.deploy(HANDOVER);
    expect(world.shown).toEqual(['0@1 ready', '0@2 held', '1@1 ready', '1@2 held']);
    world.atGate('0@2');
    expect(world.shown).toEqual(['0@1 ready', '0@2 standing-by', '1@1 ready', '1@2 held']);
    world.atGate('1@2');
    expect([world.phase, ...world.shown]).toEqual([
      'yielding',
      ...['0@1 draining', '0@2 standing-by', '1@1 draining', '1@2 standing-by'],
    ]);
    world.drained('0@1');
    expect(world.pick('0@2').state).toBe('standing-by');
    world.drained('1@1');
    expect(world.shown).toEqual(['0@1 draining', '0@2 booting', '1@1 draining', '1@2 booting']);
    world.ready('0@2', '1@2');
    expect([world.phase, world.model.current]).toEqual(['settling', 1]);
    world.advance(100);
    expect([world.phase, world.model.current]).toEqual(['retiring', 2]);
    world.exit('0@1');
    world.exit('1@1');
    expect(world.finishes.at(-1)).toMatchObject({ outcome: 'done', reason: 'a new release' });
    expect(world.shown).toEqual(['0@2 ready', '1@2 ready']);
  });

  it('takes an old worker that has ended, or was killed, for one that has finished', () => {
    const world = yielding();
    world.exit('0@1');
    world.advance(SETTINGS.stopTimeout);
    expect(world.shown).toEqual(['0@2 standing-by', '1@1 killing', '1@2 standing-by']);
    world.exit('1@1');
    expect(world.shown).toEqual(['0@2 booting', '1@2 booting']);
    expect(world.calm().finishes.at(-1)).toMatchObject({ outcome: 'done', deploy: { loss: { killed: 1 } } });
  });

  it('does not count the time in which a new worker stands by', () => {
    const world = online();
    world.deploy({ ...HANDOVER, settings: { ...EXCLUSIVE, stopTimeout: 500, readyTimeout: 300 } });
    world.advance(200);
    world.atGate('0@2', '1@2');
    world.advance(400);
    world.drained('0@1', '1@1');
    world.advance(99);
    expect(world.phase).toBe('yielding');
    world.advance(1);
    expect(world.phase).toBe('reverting');
  });

  it.each([
    [1, 3],
    [3, 1],
  ])('changes the number of workers from %i to %i', (from, to) => {
    const world = online(from);
    world.deploy({ ...HANDOVER, workers: to });
    expect(world.calm().shown).toEqual(Array.from({ length: to }, (_, slot) => `${slot}@2 ready`));
    expect(world.finishes.at(-1)?.outcome).toBe('done');
  });

  it('replaces an old worker that dies while the new ones boot: it may listen at once', () => {
    const world = online();
    world.deploy(HANDOVER);
    world.atGate('0@2');
    world.exit('1@1');
    world.atGate('1@1');
    expect(world.shown).toEqual(['0@1 ready', '0@2 standing-by', '1@1 booting', '1@2 held']);
    expect(world.calm().finishes.at(-1)?.outcome).toBe('done');
  });
});

describe('a handover that fails', () => {
  it('before the old workers were told to go has cost nothing', () => {
    const world = online();
    world.deploy(HANDOVER);
    world.atGate('0@2');
    world.exit('1@2');
    expect(world.shown).toEqual(['0@1 ready', '0@2 draining', '1@1 ready']);
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready']);
    expect(world.finishes.at(-1)).toMatchObject({
      outcome: 'failed',
      reason: 'worker 1 exited with code 1 before it was ready',
    });
  });

  it('before a new worker serves boots the old ones again, and they need not wait for those that never served', () => {
    const world = yielding();
    world.exit('0@2');
    expect(world.shown).toEqual(['0@1 draining', '0@1 held', '1@1 draining', '1@1 held', '1@2 draining']);
    world.exit('0@1 draining');
    world.exit('1@1 draining');
    world.atGate('0@1', '1@1');
    expect(world.shown).toEqual(['0@1 booting', '1@1 booting', '1@2 draining']);
    world.ready('0@1', '1@1');
    world.exit('1@2');
    expect(world.shown).toEqual(['0@1 ready', '1@1 ready']);
    expect(world.finishes.at(-1)).toMatchObject({
      outcome: 'failed',
      reason: 'worker 0 exited with code 1 before it was ready; generation 1 serves again',
    });
  });

  it('waits, in each slot, for the old worker that still has something to finish', () => {
    const world = yielding();
    world.exit('0@2');
    world.exit('0@1 draining');
    world.atGate('0@1', '1@1');
    expect(world.shown).toEqual(['0@1 booting', '1@1 draining', '1@1 standing-by', '1@2 draining']);
  });

  it('when new workers serve is undone the other way round: they serve until the old ones stand by', () => {
    const world = settling();
    world.exit('0@1');
    world.exit('1@1');
    world.exit('0@2');
    expect([world.phase, ...world.shown]).toEqual(['reverting', '0@1 held', '1@1 held', '1@2 ready']);
    world.atGate('0@1');
    expect(world.shown).toEqual(['0@1 standing-by', '1@1 held', '1@2 ready']);
    world.atGate('1@1');
    expect(world.shown).toEqual(['0@1 standing-by', '1@1 standing-by', '1@2 draining']);
    world.drained('1@2');
    expect(world.shown).toEqual(['0@1 booting', '1@1 booting', '1@2 draining']);
    world.ready('0@1', '1@1');
    world.exit('1@2');
    expect([world.phase, ...world.shown]).toEqual([null, '0@1 ready', '1@1 ready']);
    expect(world.finishes.at(-1)?.reason).toBe(
      'worker 0 exited with code 1 0 ms after it was ready; generation 1 serves again',
    );
  });

  it('and whose old generation does not come back in time goes on serving with what it has, and says so', () => {
    const world = settling();
    world.exit('0@1');
    world.exit('1@1');
    world.exit('0@2');
    world.atGate('0@1');
    world.advance(SETTINGS.readyTimeout);
    expect(world.finishes.at(-1)?.reason).toBe(
      'worker 0 exited with code 1 0 ms after it was ready; the old generation did not become ready again within 1 s',
    );
    expect(world.shown).toEqual(['0@1 standing-by', '1@1 draining', '1@1 held', '1@2 ready']);
    world.atGate('1@1');
    expect(world.pick('1@2').state).toBe('draining');
    world.drained('1@2');
    world.exit('1@1 draining');
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready']);
  });

  it('back to a generation that was not deployed by handover holds that too', () => {
    const world = new Simulator().online();
    world.deploy(HANDOVER);
    world.atGate('0@2', '1@2');
    world.drained('0@1', '1@1');
    world.ready('0@2');
    world.exit('1@2');
    expect(world.shown.filter((shown) => shown.endsWith('held'))).toEqual(['0@1 held', '1@1 held']);
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready']);
  });
});

describe('a handover beside an orphan', () => {
  it('with the number of the new generation is undone as any other', () => {
    const world = settling();
    world.exit('0@1');
    world.exit('1@1');
    world.findOrphan('4@2');
    world.exit('0@2');
    world.exit('1@2');
    world.atGate('0@1', '1@1');
    expect(world.shown).toEqual(['0@1 standing-by', '1@1 standing-by', '4@2 draining orphan']);
    world.drained('4@2');
    world.ready('0@1', '1@1');
    expect(world.finishes.at(-1)?.reason).toMatch(/generation 1 serves again$/);
  });

  it('that is a start lets the orphan serve until its hooks have passed and its workers wait', () => {
    const world = new Simulator();
    world.findOrphan('0@1');
    world.deploy({ ...HANDOVER, workers: 1, generation: 2, hooks: true });
    expect(world.shown).toEqual(['0@1 ready orphan']);
    world.send({ type: 'hooks-passed', generation: 2 });
    expect(world.shown).toEqual(['0@1 ready orphan', '0@2 held']);
    world.atGate('0@2');
    expect(world.shown).toEqual(['0@1 draining orphan', '0@2 standing-by']);
    world.drained('0@1');
    expect(world.pick('0@2').state).toBe('booting');
  });

  it('whose slot was given up does not keep the others waiting', () => {
    const world = online();
    world.send({
      type: 'settings',
      generation: 1,
      settings: { ...EXCLUSIVE, restart: { ...SETTINGS.restart, limit: 1 } },
    });
    world.exit('0@1');
    world.exit('1@1');
    world.send({ type: 'settings', generation: 1, settings: EXCLUSIVE });
    expect([world.model.slots[0]?.gaveUp, world.model.slots[1]?.gaveUp]).toEqual([true, true]);
    world.findOrphan('0@1');
    expect(world.shown).toEqual(['0@1 ready orphan']);
    world.send({ type: 'scale', workers: 3 });
    world.atGate('2@1');
    expect(world.shown).toEqual(['0@1 draining orphan', '2@1 standing-by']);
  });
});

describe('a handover of programs that are not Node', () => {
  const PROGRAM = { ...HANDOVER, settings: ALONE } as const;

  function replaced(): Simulator {
    const world = new Simulator().online(PROGRAM);
    world.deploy(PROGRAM);
    return world;
  }

  it('starts the new ones when the old ones have ended, for they cannot be held', () => {
    const world = replaced();
    expect([world.phase, ...world.shown]).toEqual(['yielding', '0@1 draining', '1@1 draining']);
    world.exit('0@1');
    expect(world.shown).toEqual(['1@1 draining']);
    world.exit('1@1');
    expect(world.shown).toEqual(['0@2 booting', '1@2 booting']);
    world.ready('0@2', '1@2');
    world.advance(100);
    expect(world.finishes.at(-1)?.outcome).toBe('done');
  });

  it('that fails starts the old ones again when the new ones have ended', () => {
    const world = replaced();
    world.exit('0@1');
    world.exit('1@1');
    world.exit('0@2');
    expect([world.phase, ...world.shown]).toEqual(['aborting', '1@2 draining']);
    world.exit('1@2');
    expect([world.phase, ...world.shown]).toEqual(['reverting', '0@1 booting', '1@1 booting']);
    world.ready('0@1', '1@1');
    expect(world.finishes.at(-1)).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(/serves again$/) });
  });

  it('from a Node program, and back to it, is no different', () => {
    const world = online();
    world.deploy(PROGRAM);
    expect(world.shown).toEqual(['0@1 draining', '1@1 draining']);
    world.drained('0@1', '1@1');
    expect(world.shown).toEqual(['0@1 draining', '0@2 booting', '1@1 draining', '1@2 booting']);
    expect(world.calm().finishes.at(-1)?.outcome).toBe('done');
    world.deploy(HANDOVER);
    world.atGate('0@3', '1@3');
    world.exit('0@2');
    expect(world.shown).toEqual(['0@3 standing-by', '1@2 draining', '1@3 standing-by']);
    world.exit('1@2');
    expect(world.shown).toEqual(['0@3 booting', '1@3 booting']);
  });

  it('replaces them one by one where it can wait, each when the one before is ready', () => {
    const world = new Simulator().online(PROGRAM);
    world.send({ type: 'all-leaving', reason: 'restart.schedule' });
    expect(world.shown).toEqual(['0@1 draining', '1@1 ready']);
    world.exit('0@1');
    expect(world.shown).toEqual(['0@1 booting', '1@1 ready']);
    world.ready('0@1');
    expect(world.shown).toEqual(['0@1 ready', '1@1 draining']);
    world.exit('1@1');
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready']);
  });

  it('replaces a sick one also while another slot has yet to come back from a crash', () => {
    const world = new Simulator().online(PROGRAM);
    world.exit('0@1');
    world.fail('1@1');
    expect(world.shown).toEqual(['0@1 booting', '1@1 draining']);
  });
});

describe('an abort of a handover', () => {
  it('while the new workers boot or stand by has cost nothing', () => {
    const world = online();
    world.deploy(HANDOVER);
    world.atGate('0@2');
    world.send(ABORT);
    expect(world.shown).toEqual(['0@1 ready', '0@2 draining', '1@1 ready', '1@2 draining']);
    expect(world.calm().finishes.at(-1)).toMatchObject({ outcome: 'aborted', reason: 'aborted by Ctrl-C' });
  });

  it.each([
    ['while the old workers drain', yielding],
    ['while the new ones settle', settling],
  ])('%s brings the old ones back', (_when, reach) => {
    const world = reach();
    world.send(ABORT);
    expect(world.phase).toBe('reverting');
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready']);
    expect(world.finishes.at(-1)).toMatchObject({
      outcome: 'aborted',
      reason: 'aborted by Ctrl-C; generation 1 serves again',
    });
  });

  it('when it is committed means to finish now', () => {
    const world = settling();
    world.advance(100);
    expect(world.send(ABORT)).toEqual([]);
    world.advance(LAST_GRACE);
    expect(world.shown.filter((text) => text.endsWith('killing'))).toHaveLength(2);
    expect(world.calm().finishes.at(-1)?.outcome).toBe('done');
  });
});

describe('an app that is deployed by handover', () => {
  it('starts as any other', () => {
    const world = new Simulator();
    world.deploy(HANDOVER);
    world.atGate('0@1', '1@1');
    expect(world.shown).toEqual(['0@1 booting', '1@1 booting']);
    world.ready('0@1', '1@1');
    expect(world.finishes).toMatchObject([{ outcome: 'done' }]);
  });

  it('has no two workers in one slot serve at once either, when one is replaced', () => {
    const world = online();
    world.leave('0@1', 'uses 600 MB, more than 512 MB');
    expect(world.shown).toEqual(['0@1 ready', '0@1 held', '1@1 ready']);
    world.atGate('0@1');
    expect(world.shown).toEqual(['0@1 draining', '0@1 standing-by', '1@1 ready']);
    world.drained('0@1');
    expect(world.shown).toEqual(['0@1 draining', '0@1 booting', '1@1 ready']);
    world.exit('0@1 draining');
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready']);
  });

  it('whose cluster process was killed has its new workers wait for those it left', () => {
    const world = new Simulator();
    world.resume(['0@1', '1@1', '0@2'], { settings: EXCLUSIVE });
    world.atGate('0@1');
    expect(world.shown.filter((shown) => shown.includes('draining'))).toEqual([]);
    world.atGate('1@1');
    expect(world.shown.filter((shown) => shown.includes('draining'))).toHaveLength(3);
    world.drained('0@1', '1@1');
    expect(world.shown.filter((shown) => shown.endsWith('standing-by'))).toHaveLength(2);
    world.drained('0@2');
    expect(world.shown.filter((shown) => shown.endsWith('booting'))).toHaveLength(2);
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready']);
  });

  it('lets a worker that stands by listen when the strategy is changed meanwhile', () => {
    const world = online();
    world.leave('0@1', 'uses 600 MB, more than 512 MB');
    world.atGate('0@1');
    world.send({ type: 'settings', generation: 1, settings: SETTINGS });
    expect(world.shown).toEqual(['0@1 draining', '0@1 booting', '1@1 ready']);
  });
});
