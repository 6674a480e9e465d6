import { describe, expect, it } from 'vitest';
import { appState, workerCounts } from '../../src/core/app-state.ts';
import { nextWake } from '../../src/core/cluster-machine.ts';
import { IDLE_CLUSTER } from '../../src/core/cluster-model.ts';
import { SETTINGS, Simulator } from './simulator.ts';

describe('a start', () => {
  it('is done as soon as every worker is ready: there is nothing to settle beside', () => {
    const world = new Simulator();
    world.deploy();
    expect([world.phase, ...world.shown]).toEqual(['booting', '0@1 booting', '1@1 booting']);
    world.ready('0@1');
    expect(world.finishes).toEqual([]);
    world.ready('1@1');
    expect(world.finishes).toMatchObject([{ outcome: 'done', deploy: { generation: 1, from: 0 } }]);
    expect(world.model).toMatchObject({ mode: 'running', current: 1, desired: 2 });
  });

  it('counts the workers that are ready before the first generation serves', () => {
    const world = new Simulator();
    expect(workerCounts(world.model)).toEqual({ desired: 0, ready: 0 });
    world.deploy({ workers: 3 });
    world.ready('1@1');
    expect(workerCounts(world.model)).toEqual({ desired: 3, ready: 1 });
    world.calm();
    expect(workerCounts(world.model)).toEqual({ desired: 3, ready: 3 });
    world.deploy({ workers: 4 });
    world.ready('0@2');
    expect(workerCounts(world.model)).toEqual({ desired: 3, ready: 3 });
  });

  it.each([
    ['rolling', 'booting'],
    ['replace', 'booting'],
    ['handover', 'held'],
  ] as const)('boots all workers at once, also with strategy %s', (strategy, state) => {
    const world = new Simulator();
    world.deploy({ strategy, workers: 3 });
    expect(world.shown).toEqual([`0@1 ${state}`, `1@1 ${state}`, `2@1 ${state}`]);
    expect(world.calm().finishes).toMatchObject([{ outcome: 'done' }]);
  });

  it('whose worker dies has failed, but goes on trying, with backoff', () => {
    const world = new Simulator();
    world.deploy();
    const culprit = world.pick('0@1').key;
    world.exit('0@1');
    const reason = 'worker 0 exited with code 1 before it was ready';
    expect(world.finishes).toMatchObject([{ outcome: 'failed', reason, culprit }]);
    expect(world.shown).toEqual(['0@1 booting', '1@1 booting']);
    world.exit('0@1');
    expect(world.actions.at(-1)).toMatchObject({ do: 'backoff', delay: 100 });
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready']);
    expect(world.finishes).toHaveLength(1);
  });

  it('whose workers are never ready has timed out, but goes on trying', () => {
    const world = new Simulator();
    world.deploy();
    world.advance(SETTINGS.readyTimeout);
    expect(world.finishes).toMatchObject([
      { outcome: 'timed-out', reason: 'worker 0 was not ready within 1 s', culprit: 1 },
    ]);
    expect(world.shown).toEqual(['0@1 draining', '0@1 booting', '1@1 draining', '1@1 booting']);
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready']);
  });

  it('that takes longer than its timeout has timed out, but goes on trying', () => {
    const world = new Simulator();
    world.deploy({ timeout: 500 });
    world.ready('0@1');
    world.advance(500);
    expect(world.finishes).toMatchObject([{ outcome: 'timed-out', culprit: null }]);
    expect(world.shown).toEqual(['0@1 ready', '1@1 booting']);
  });

  it.each([
    ['while its hooks run', true, []],
    ['while its workers boot', false, ['0@1 draining', '1@1 draining']],
  ])('that is aborted %s leaves nothing behind', (_situation, hooks, shown) => {
    const world = new Simulator();
    world.deploy({ hooks });
    world.send({ type: 'abort', reason: 'aborted by Ctrl-C' });
    expect(world.shown).toEqual(shown);
    expect(world.calm().shown).toEqual([]);
    expect(world.finishes).toMatchObject([{ outcome: 'aborted', reason: 'aborted by Ctrl-C' }]);
    expect(world.model).toMatchObject({ mode: 'idle', current: 0 });
  });

  it('whose hooks fail starts nothing, and may be tried again', () => {
    const world = new Simulator();
    world.deploy({ hooks: true });
    world.hooks(false);
    expect(world.finishes).toMatchObject([{ outcome: 'failed', culprit: null }]);
    expect(world.model.mode).toBe('idle');
    world.deploy();
    expect(world.calm().shown).toEqual(['0@2 ready', '1@2 ready']);
    expect(world.finishes.at(-1)).toMatchObject({ outcome: 'done', deploy: { from: 0 } });
  });
});

describe('scale', () => {
  it('up starts only the difference', () => {
    const world = new Simulator().online();
    world.send({ type: 'scale', workers: 4 });
    expect(world.shown).toEqual(['0@1 ready', '1@1 ready', '2@1 booting', '3@1 booting']);
  });

  it('down drains only the difference, from the top', () => {
    const world = new Simulator().online({ workers: 3 });
    world.send({ type: 'scale', workers: 1 });
    expect(world.shown).toEqual(['0@1 ready', '1@1 draining', '2@1 draining']);
    expect(world.actions.at(-1)).toMatchObject({ do: 'drain', reason: 'scaled to 1' });
  });

  it('down and up again does not wait for those that still drain', () => {
    const world = new Simulator().online();
    world.send({ type: 'scale', workers: 1 });
    world.send({ type: 'scale', workers: 2 });
    expect(world.shown).toEqual(['0@1 ready', '1@1 draining', '1@1 booting']);
  });

  it('down forgets the crashes of the slots that go', () => {
    const world = new Simulator().online();
    world.exit('1@1');
    world.exit('1@1');
    world.send({ type: 'scale', workers: 1 });
    world.send({ type: 'scale', workers: 2 });
    expect(world.shown).toEqual(['0@1 ready', '1@1 booting']);
  });
});

describe('a stop', () => {
  it('drains every worker, whatever its state, and starts none', () => {
    const world = new Simulator().online();
    world.exit('0@1');
    world.send({ type: 'stop', timeout: null });
    expect(world.shown).toEqual(['0@1 draining', '1@1 draining']);
    world.exit('0@1');
    world.advance(SETTINGS.stopTimeout);
    expect(world.shown).toEqual(['1@1 killing']);
    expect(world.calm().shown).toEqual([]);
    world.deploy();
    expect(world.shown).toEqual([]);
  });

  it('with its own timeout shortens also the drains under way', () => {
    const world = new Simulator().online();
    world.send({ type: 'scale', workers: 1 });
    world.send({ type: 'stop', timeout: 50 });
    expect(world.actions.at(-1)).toMatchObject({ do: 'drain', timeout: 50, reason: 'the app stops' });
    world.advance(50);
    expect(world.shown).toEqual(['0@1 killing', '1@1 killing']);
  });

  it.each([
    ['preparing', 'aborted', 'the app was stopped'],
    ['booting', 'aborted', 'the app was stopped'],
    ['settling', 'aborted', 'the app was stopped'],
    ['retiring', 'done', 'a new release'],
  ] as const)('ends a deploy that is %s as %s', (phase, outcome, reason) => {
    const world = new Simulator().online();
    world.deploy({ hooks: true });
    world.calm((at) => at.phase === phase);
    world.send({ type: 'stop', timeout: null });
    expect(world.finishes.at(-1)).toMatchObject({ outcome, reason });
    expect(world.shown.every((shown) => shown.endsWith('draining'))).toBe(true);
    expect(world.calm().shown).toEqual([]);
    expect(world.finishes).toHaveLength(2);
  });
});

describe('resume after the cluster process before was killed', () => {
  it('keeps the orphans serving until all of ours are ready', () => {
    const world = new Simulator();
    world.resume(['0@1', '1@1']);
    expect(world.shown).toEqual(['0@1 ready orphan', '0@1 booting', '1@1 ready orphan', '1@1 booting']);
    world.ready('0@1');
    expect(world.shown.filter((shown) => shown.includes('draining'))).toEqual([]);
    world.ready('1@1');
    expect(world.shown).toEqual(['0@1 draining orphan', '0@1 ready', '1@1 draining orphan', '1@1 ready']);
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready']);
  });

  it('also when an orphan ends by itself, which is no failure of ours', () => {
    const world = new Simulator();
    world.resume(['0@1', '1@1']);
    world.exit('0@1 ready');
    expect(world.model.slots).toEqual({});
    expect(world.shown).toEqual(['0@1 booting', '1@1 ready orphan', '1@1 booting']);
  });

  it('lets the orphans go first where they hold a port that ours need', () => {
    const world = new Simulator();
    world.resume(['0@1', '1@1'], { orphansFirst: true });
    expect(world.shown).toEqual(['0@1 draining orphan', '1@1 draining orphan']);
    world.send({ type: 'worker-quiet', key: world.pick('0@1').key });
    expect(world.shown).toEqual(['0@1 draining orphan', '1@1 draining orphan']);
    world.exit('1@1');
    expect(world.shown).toEqual(['0@1 draining orphan', '0@1 booting', '1@1 booting']);
  });

  it('does not take an orphan that is being killed for one that is gone', () => {
    const world = new Simulator();
    world.resume(['0@1'], { orphansFirst: true });
    world.advance(SETTINGS.stopTimeout);
    expect(world.shown).toEqual(['0@1 killing orphan']);
    world.exit('0@1');
    expect(world.shown).toEqual(['0@1 booting', '1@1 booting']);
  });

  it('a deploy takes the orphans of the old generation with it, even while a new worker crashes', () => {
    const world = new Simulator();
    world.resume(['0@1', '1@1'], { orphansFirst: false });
    world.deploy();
    world.ready('0@2', '1@2');
    world.advance(99);
    world.exit('0@1 booting');
    world.advance(1);
    world.exit('0@2');
    expect(world.shown.filter((shown) => shown.includes('orphan'))).toEqual([
      '0@1 draining orphan',
      '1@1 draining orphan',
    ]);
    expect(world.calm().finishes).toMatchObject([{ outcome: 'done' }]);
  });

  it('ends what a deploy under way had begun', () => {
    const world = new Simulator();
    world.resume(['0@1', '0@2', '1@1', '1@2']);
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready']);
  });

  it('has an orphan that is found late drain at once, where ours are ready', () => {
    const world = new Simulator();
    world.resume(['0@1', '1@1']);
    world.calm();
    world.findOrphan('1@1');
    expect(world.shown).toEqual(['0@1 ready', '1@1 ready', '1@1 draining orphan']);
    expect(world.actions.at(-1)).toMatchObject({ do: 'drain', reason: 'its successor is ready' });
  });

  it('has an orphan that is found late serve on until ours are ready', () => {
    const world = new Simulator();
    world.resume(['0@1', '1@1']);
    world.findOrphan('0@7');
    expect(world.shown).toContain('0@7 ready orphan');
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready']);
  });

  it('does not change the settings of a generation by an orphan of it', () => {
    const world = new Simulator().online();
    world.findOrphan('5@1', { settings: { ...SETTINGS, stopTimeout: 7 } });
    expect(world.actions.at(-1)).toMatchObject({ do: 'drain', timeout: SETTINGS.stopTimeout });
  });
});

describe('orphans of which nothing else is known', () => {
  const found = (orphansFirst = false): Simulator => {
    const world = new Simulator();
    for (const name of ['0@1', '1@1']) world.findOrphan(name, { orphansFirst });
    return world;
  };

  it('serve on while nobody says what is to run', () => {
    expect(found().calm().shown).toEqual(['0@1 ready orphan', '1@1 ready orphan']);
    expect(found(true).calm().shown).toEqual(['0@1 ready orphan', '1@1 ready orphan']);
  });

  it('are shown as an app that starts', () => {
    expect(appState(found().model)).toBe('starting');
    expect(appState(new Simulator().model)).toBe('stopped');
  });

  it('go when a start has made its workers ready', () => {
    const world = found();
    world.deploy();
    expect(world.shown.filter((shown) => shown.includes('draining'))).toEqual([]);
    expect(world.calm().shown).toEqual(['0@2 ready', '1@2 ready']);
    expect(world.finishes).toMatchObject([{ outcome: 'done', deploy: { from: 0 } }]);
  });

  it('serve on when the start fails, and until it succeeds after all', () => {
    const world = found();
    world.deploy();
    world.exit('0@2 booting');
    expect(world.finishes).toMatchObject([{ outcome: 'failed' }]);
    expect(world.shown).toContain('0@1 ready orphan');
    expect(world.calm().shown).toEqual(['0@2 ready', '1@2 ready']);
  });

  it('serve on when the start is aborted', () => {
    const world = found();
    world.deploy();
    world.send({ type: 'abort', reason: 'somebody asked for it' });
    expect(world.calm().shown).toEqual(['0@1 ready orphan', '1@1 ready orphan']);
  });

  it('drain when the app is stopped', () => {
    const world = found();
    world.send({ type: 'stop', timeout: null });
    expect(world.shown).toEqual(['0@1 draining orphan', '1@1 draining orphan']);
    expect(world.calm().shown).toEqual([]);
  });
});

describe('the settings', () => {
  it('of a generation change without touching a worker', () => {
    const world = new Simulator().online();
    world.send({ type: 'settings', generation: 1, settings: { ...SETTINGS, stopTimeout: 7 } });
    expect(world.shown).toEqual(['0@1 ready', '1@1 ready']);
    world.send({ type: 'scale', workers: 1 });
    expect(world.actions.at(-1)).toMatchObject({ do: 'drain', timeout: 7 });
  });

  it('are forgotten with the last worker of their generation', () => {
    const world = new Simulator().online();
    world.deploy();
    expect(Object.keys(world.model.settings)).toEqual(['1', '2']);
    world.calm();
    expect(Object.keys(world.model.settings)).toEqual(['2']);
  });
});

describe('nextWake', () => {
  it.each<[string, (world: Simulator) => void, number | null]>([
    ['all is well: never', () => undefined, null],
    ['a worker drains: its deadline', (world) => world.send({ type: 'scale', workers: 1 }), 500],
    ['hooks run: the deadline of the deploy', (world) => world.deploy({ hooks: true }), 5000],
    ['workers boot: their deadline', (world) => world.deploy(), 1000],
    ['a deploy with a shorter timeout', (world) => world.deploy({ timeout: 30 }), 30],
  ])('%s', (_situation, happen, wake) => {
    const world = new Simulator().online();
    happen(world);
    expect(nextWake(world.model)).toBe(wake === null ? null : world.now + wake);
  });

  it('settling: its end, and backoff: the end of the delay', () => {
    const world = new Simulator().online();
    world.deploy();
    world.ready('0@2', '1@2');
    expect(nextWake(world.model)).toBe(world.now + 100);
    world.exit('1@1');
    world.exit('1@1');
    expect(nextWake(world.model)).toBe(world.now + 100);
  });

  it('before anything was started: never', () => {
    expect(nextWake(IDLE_CLUSTER)).toBeNull();
  });
});
