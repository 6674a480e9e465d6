import { describe, expect, it } from 'vitest';
import { LAST_GRACE } from '../../src/core/cluster-machine.ts';
import type { Deploy } from '../../src/core/cluster-model.ts';
import { SETTINGS, Simulator } from './simulator.ts';

type Strategy = Deploy['strategy'];
type Phase = Deploy['phase'];

/** A cluster of two whose next deploy has come to this phase, at the given slot where it rolls. */
function inPhase(phase: Phase, strategy: Strategy, slot = 0, old = SETTINGS): Simulator {
  const world = new Simulator().online({ settings: old });
  world.deploy({ strategy, hooks: true });
  return world.calm(({ model: { deploy } }) => {
    if (deploy?.phase !== phase) return false;
    return strategy !== 'rolling' || !('range' in deploy) || deploy.range.from === slot;
  });
}

const OLD_READY = ['0@1 ready', '1@1 ready'];

describe('a new worker that dies', () => {
  it.each<[Phase, string]>([
    ['booting', 'worker 0 exited with code 1 before it was ready'],
    ['settling', 'worker 0 exited with code 1 0 ms after it was ready'],
  ])('while %s (all-at-once) takes the other new ones with it, and no old one', (phase, reason) => {
    const world = inPhase(phase, 'all-at-once');
    const old = world.processes.filter(({ generation }) => generation === 1);
    const culprit = world.pick('0@2').key;
    world.exit('0@2');
    expect(world.shown).toEqual(['0@1 ready', '1@1 ready', '1@2 draining']);
    expect(world.finishes).toHaveLength(1);
    world.exit('1@2');
    expect(world.finishes.at(-1)).toMatchObject({ outcome: 'failed', reason, culprit });
    expect(world.processes).toEqual(old);
  });

  it.each<[Phase]>([['booting'], ['settling']])('while %s the first batch (rolling) fails just as fast', (phase) => {
    const world = inPhase(phase, 'rolling');
    world.exit('0@2');
    expect([world.phase, ...world.shown]).toEqual([null, ...OLD_READY]);
    expect(world.finishes.at(-1)?.outcome).toBe('failed');
  });

  it.each<[Phase]>([['booting'], ['settling']])('while %s (replace) brings the old ones back', (phase) => {
    const world = inPhase(phase, 'replace');
    world.exit('0@2');
    expect([world.phase, ...world.shown]).toEqual(['aborting', '1@2 draining']);
    world.exit('1@2');
    expect([world.phase, ...world.shown]).toEqual(['reverting', '0@1 booting', '1@1 booting']);
    world.ready('0@1', '1@1');
    expect([world.phase, ...world.shown]).toEqual([null, ...OLD_READY]);
    expect(world.finishes.at(-1)?.outcome).toBe('failed');
  });

  it('after it was committed comes back by the restart policy, and the deploy is done', () => {
    const world = inPhase('retiring', 'all-at-once');
    world.exit('0@2');
    expect(world.pick('0@2').state).toBe('booting');
    expect(world.calm().finishes.at(-1)?.outcome).toBe('done');
  });
});

describe('a deploy of an app that does not serve', () => {
  it('that fails is over at once: there is nothing to wait for, and the old generation goes on being tried', () => {
    const world = new Simulator().online();
    for (const name of ['0@1', '1@1', '0@1', '1@1']) world.exit(name);
    world.deploy({ strategy: 'replace' });
    world.calm(({ phase }) => phase === 'booting');
    world.exit('0@2');
    world.exit('1@2 draining');
    expect(world.phase).toBe(null);
    expect(world.finishes.at(-1)).toMatchObject({
      outcome: 'failed',
      reason:
        'worker 0 exited with code 1 before it was ready; the old generation did not serve before either, and goes on being tried',
    });
    expect(world.shown).toEqual(['0@1 booting', '1@1 booting']);
  });
});

describe('a deploy that begins between two lives of the only worker', () => {
  it('waits for the old generation when it fails', () => {
    const world = new Simulator().online({ workers: 1 });
    world.exit('0@1');
    world.deploy({ strategy: 'replace', workers: 1 });
    world.calm(({ phase }) => phase === 'booting');
    world.exit('0@2');
    expect(world.phase).toBe('reverting');
    expect(world.calm().finishes.at(-1)).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/before it was ready$/),
    });
    expect(world.shown).toEqual(['0@1 ready']);
  });
});

describe('a rolling deploy that fails at its second batch', () => {
  it.each<[Phase]>([['booting'], ['settling']])(
    'has the old worker ready again before the new one goes (%s)',
    (phase) => {
      const world = inPhase(phase, 'rolling', 1);
      world.exit('1@2');
      expect([world.phase, ...world.shown]).toEqual(['reverting', '0@1 booting', '0@2 ready', '1@1 ready']);
      world.ready('0@1');
      expect([world.phase, ...world.shown]).toEqual(['aborting', '0@1 ready', '0@2 draining', '1@1 ready']);
      world.exit('0@2');
      expect([world.phase, ...world.shown]).toEqual([null, ...OLD_READY]);
      expect(world.finishes.at(-1)?.outcome).toBe('failed');
    },
  );

  it('because a worker of the first batch died fails as well', () => {
    const world = inPhase('booting', 'rolling', 1);
    world.exit('0@2');
    expect(world.shown).toEqual(['0@1 booting', '1@1 ready', '1@2 draining']);
    expect(world.calm().shown).toEqual(OLD_READY);
    expect(world.finishes.at(-1)?.outcome).toBe('failed');
  });

  it('while the old worker drains boots it anew beside', () => {
    const world = inPhase('retiring', 'rolling');
    world.exit('0@2');
    expect([world.phase, ...world.shown]).toEqual(['aborting', '0@1 draining', '0@1 booting', '1@1 ready']);
    expect(world.calm().shown).toEqual(OLD_READY);
  });

  it('says so when the old generation does not come back in time, and ends all the same', () => {
    const world = inPhase('booting', 'rolling', 1);
    world.exit('1@2');
    world.hang(SETTINGS.readyTimeout + SETTINGS.stopTimeout);
    expect(world.finishes.at(-1)).toMatchObject({
      outcome: 'failed',
      reason:
        'worker 1 exited with code 1 before it was ready; the old generation did not become ready again within 1 s',
    });
    expect(world.calm().shown).toEqual(OLD_READY);
  });

  it('keeps a new worker that serves until the old one is back, however late that is', () => {
    const world = inPhase('booting', 'rolling', 1);
    world.exit('1@2');
    for (let failures = 1; failures < 4; failures += 1) {
      world.exit('0@1');
      world.advance(SETTINGS.restart.maxDelay);
    }
    expect(world.phase).toBeNull();
    expect(world.shown).toEqual(['0@1 booting', '0@2 ready', '1@1 ready']);
    world.ready('0@1');
    expect(world.shown).toEqual(['0@1 ready', '0@2 draining', '1@1 ready']);
    expect(world.actions.at(-1)).toMatchObject({ do: 'drain', reason: 'replaced by generation 1' });
  });

  it('and is late leaves the rest to be put back one by one', () => {
    const world = new Simulator().online({ workers: 3 });
    world.deploy({ strategy: 'rolling', workers: 3 });
    world.calm(({ model: { deploy } }) => deploy?.phase === 'booting' && deploy.range.from === 2);
    world.exit('2@2');
    world.advance(SETTINGS.readyTimeout);
    expect(world.phase).toBeNull();
    world.exit('1@1 draining');
    expect(world.shown).toEqual(['0@1 booting', '0@2 ready', '1@2 ready', '2@1 ready']);
    world.ready('0@1');
    expect(world.shown).toEqual(['0@1 ready', '0@2 draining', '1@2 ready', '2@1 ready']);
    world.exit('0@2');
    expect(world.shown).toEqual(['0@1 ready', '1@1 booting', '1@2 ready', '2@1 ready']);
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready', '2@1 ready']);
  });

  it('and is late keeps what serves also over the next deploy, until that has taken its place', () => {
    const world = inPhase('booting', 'rolling', 1);
    world.exit('1@2');
    for (let failures = 1; failures < 4; failures += 1) {
      world.exit('0@1');
      world.advance(400);
    }
    world.exit('0@1');
    expect(world.phase).toBeNull();
    world.deploy();
    world.ready('0@3', '1@3');
    expect(world.shown).toEqual(['0@2 ready', '0@3 ready', '1@1 ready', '1@3 ready']);
    world.advance(100);
    expect(world.calm().shown).toEqual(['0@3 ready', '1@3 ready']);
  });

  it('goes back batch by batch, the last one first', () => {
    const world = new Simulator().online({ workers: 4 });
    world.deploy({ strategy: 'rolling', workers: 4 });
    world.calm(({ model: { deploy } }) => deploy?.phase === 'settling' && deploy.range.from === 2);
    world.exit('2@2');
    expect(world.shown).toEqual(['0@2 ready', '1@1 booting', '1@2 ready', '2@1 ready', '3@1 ready']);
    world.ready('1@1');
    expect(world.shown).toEqual(['0@2 ready', '1@1 ready', '1@2 draining', '2@1 ready', '3@1 ready']);
    world.exit('1@2');
    expect(world.shown).toEqual(['0@1 booting', '0@2 ready', '1@1 ready', '2@1 ready', '3@1 ready']);
    world.ready('0@1');
    world.exit('0@2');
    expect([world.phase, ...world.shown]).toEqual([null, '0@1 ready', '1@1 ready', '2@1 ready', '3@1 ready']);
  });

  it('waits for the batch that failed to be gone before it boots more', () => {
    const world = new Simulator().online({ workers: 4 });
    world.deploy({ strategy: 'rolling', workers: 4, batch: 2 });
    world.calm(({ model: { deploy } }) => deploy?.phase === 'booting' && deploy.range.from === 2);
    world.exit('2@2');
    const kept = ['0@2 ready', '1@2 ready', '2@1 ready', '3@1 ready'];
    expect(world.shown).toEqual([...kept, '3@2 draining']);
    world.exit('3@2');
    expect(world.shown.filter((shown) => shown.endsWith('booting'))).toEqual(['0@1 booting', '1@1 booting']);
  });

  it('is undone although an old worker is to be replaced', () => {
    const world = inPhase('booting', 'rolling', 1);
    world.exit('1@2');
    world.ready('0@1');
    world.send({ type: 'all-leaving', reason: 'restart.schedule' });
    world.exit('0@2');
    expect([world.phase, world.finishes.at(-1)?.outcome]).toEqual([null, 'failed']);
  });
});

describe('a deploy that takes too long', () => {
  it('because a worker is never ready: its readiness deadline fails it', () => {
    const world = inPhase('booting', 'all-at-once');
    const culprit = world.pick('0@2').key;
    world.advance(999);
    expect(world.phase).toBe('booting');
    world.advance(1);
    expect(world.shown).toEqual(['0@1 ready', '0@2 draining', '1@1 ready', '1@2 draining']);
    expect(world.calm().finishes.at(-1)).toMatchObject({
      ...{ outcome: 'timed-out', reason: 'worker 0 was not ready within 1 s', culprit },
    });
  });

  it.each<[Phase, Strategy, number, string, string]>([
    ['preparing', 'all-at-once', 5000, '5 s', 'the new generation was still being prepared'],
    ['clearing', 'replace', 200, '200 ms', 'old workers had not ended yet'],
    ['booting', 'all-at-once', 200, '200 ms', '0 of 2 new workers were ready'],
    [
      ...(['settling', 'all-at-once', 50, '50 ms'] as const),
      'the new workers were ready, but had still to stay up for 100 ms (deploy.settle)',
    ],
    ['retiring', 'rolling', 200, '200 ms', 'old workers had still to finish before the next batch'],
  ])('while %s (%s) ends as timed-out, with the old generation serving', (phase, strategy, timeout, time, wait) => {
    const world = new Simulator().online();
    world.deploy({ strategy, timeout, hooks: phase === 'preparing' });
    world.calm((at) => at.phase === phase);
    world.advance(timeout);
    expect(world.calm().shown).toEqual(OLD_READY);
    expect(world.finishes.at(-1)).toMatchObject({
      ...{ outcome: 'timed-out', culprit: null },
      reason: `the deploy took longer than ${time} (deploy.timeout, or --timeout): ${wait}`,
    });
  });

  it('to settle is not done, even if all is well at the deadline', () => {
    const world = new Simulator().online();
    world.deploy({ settle: 500, timeout: 500 });
    world.ready('0@2', '1@2');
    world.advance(500);
    expect(world.calm().finishes.at(-1)?.outcome).toBe('timed-out');
  });

  it('to retire the old ones is done: what is committed has no deadline but theirs', () => {
    const world = new Simulator().online();
    world.deploy({ timeout: 200 });
    world.calm(({ phase }) => phase === 'retiring');
    world.hang(SETTINGS.stopTimeout);
    expect(world.finishes.at(-1)).toMatchObject({ outcome: 'done', deploy: { loss: { killed: 2 } } });
  });
});

describe('an abort', () => {
  const abort = { type: 'abort', reason: 'aborted by Ctrl-C' } as const;

  it.each<[Phase, Strategy, string[]]>([
    ['preparing', 'all-at-once', OLD_READY],
    ['booting', 'all-at-once', ['0@1 ready', '0@2 draining', '1@1 ready', '1@2 draining']],
    ['settling', 'all-at-once', ['0@1 ready', '0@2 draining', '1@1 ready', '1@2 draining']],
    ['booting', 'rolling', ['0@1 ready', '0@2 draining', '1@1 ready']],
    ['settling', 'rolling', ['0@1 ready', '0@2 draining', '1@1 ready']],
    ['retiring', 'rolling', ['0@1 draining', '0@2 ready', '1@1 ready']],
    ['clearing', 'replace', ['0@1 draining', '0@1 booting', '1@1 draining', '1@1 booting']],
    ['booting', 'replace', ['0@2 draining', '1@2 draining']],
    ['settling', 'replace', ['0@2 draining', '1@2 draining']],
  ])('while %s (%s) undoes it', (phase, strategy, shown) => {
    const world = inPhase(phase, strategy);
    world.send(abort);
    expect(world.shown).toEqual(shown);
    world.calm();
    expect(world.shown).toEqual(OLD_READY);
    expect(world.finishes.at(-1)).toMatchObject({ outcome: 'aborted', reason: 'aborted by Ctrl-C', culprit: null });
  });

  it('while retiring, when it is committed, means to finish now, with a last second for what is in flight', () => {
    const world = inPhase('retiring', 'all-at-once', 0, { ...SETTINGS, stopTimeout: 10 * LAST_GRACE });
    expect(world.send(abort)).toEqual([]);
    world.advance(LAST_GRACE - 1);
    expect(world.shown).toEqual(['0@1 draining', '0@2 ready', '1@1 draining', '1@2 ready']);
    world.advance(1);
    expect(world.shown).toEqual(['0@1 killing', '0@2 ready', '1@1 killing', '1@2 ready']);
    world.calm();
    expect(world.finishes.at(-1)).toMatchObject({ outcome: 'done', deploy: { loss: { killed: 2 } } });
  });

  it.each<[Phase]>([['reverting'], ['aborting']])('while %s changes neither the outcome nor the reason', (phase) => {
    const world = inPhase('booting', 'rolling', 1);
    world.exit('1@2');
    world.calm((at) => at.phase === phase);
    world.send(abort);
    expect(world.phase).toBe(phase);
    expect(world.calm().finishes.at(-1)?.outcome).toBe('failed');
  });

  it('without a deploy does nothing', () => {
    const world = new Simulator().online();
    const before = world.model;
    expect(world.send(abort)).toEqual([]);
    expect(world.model).toEqual(before);
  });
});

describe('a deploy that is given up', () => {
  it('because a new worker failed its health checks', () => {
    const world = inPhase('settling', 'all-at-once');
    world.fail('0@2');
    expect(world.shown).toEqual(['0@1 ready', '0@2 draining', '1@1 ready', '1@2 draining']);
    expect(world.calm().finishes.at(-1)).toMatchObject({ reason: 'worker 0 failed its health checks' });
  });

  it('brings back old workers that it had taken down, however often they had crashed before', () => {
    const world = new Simulator();
    world.online({ settings: { ...SETTINGS, restart: { ...SETTINGS.restart, limit: 1 } } });
    world.exit('0@1');
    expect(world.actions.at(-1)).toMatchObject({ do: 'give-up', slot: 0 });
    world.deploy({ strategy: 'replace' });
    world.calm(({ phase }) => phase === 'booting');
    world.exit('0@2');
    expect(world.calm().shown).toEqual(OLD_READY);
    expect(world.finishes.at(-1)?.reason).toBe('worker 0 exited with code 1 before it was ready');
  });

  it('leaves the way free for the next one', () => {
    const world = inPhase('booting', 'all-at-once');
    world.exit('0@2');
    world.calm();
    world.deploy();
    expect(world.calm().shown).toEqual(['0@3 ready', '1@3 ready']);
  });
});
