import { describe, expect, it } from 'vitest';
import type { Deploy } from '../../src/core/cluster-model.ts';
import { Simulator } from './simulator.ts';

type Strategy = Deploy['strategy'];

describe('all-at-once', () => {
  it('boots every new worker beside the old ones, lets them settle, then drains the old ones', () => {
    const world = new Simulator().online();
    world.deploy();
    expect(world.shown).toEqual(['0@1 ready', '0@2 booting', '1@1 ready', '1@2 booting']);
    world.ready('0@2');
    expect(world.phase).toBe('booting');
    world.ready('1@2');
    world.advance(99);
    expect(world.shown).toEqual(['0@1 ready', '0@2 ready', '1@1 ready', '1@2 ready']);
    expect([world.phase, world.model.current]).toEqual(['settling', 1]);
    world.advance(1);
    expect(world.shown).toEqual(['0@1 draining', '0@2 ready', '1@1 draining', '1@2 ready']);
    expect([world.phase, world.model.current]).toEqual(['retiring', 2]);
    world.exit('0@1');
    expect(world.phase).toBe('retiring');
    world.exit('1@1');
    expect(world.phase).toBeNull();
    expect(world.shown).toEqual(['0@2 ready', '1@2 ready']);
    expect(world.finishes.at(-1)).toMatchObject({ outcome: 'done', reason: 'a new release', culprit: null });
  });

  it('is done although an old worker had to be killed', () => {
    const world = new Simulator().online();
    world.deploy();
    world.calm(({ phase }) => phase === 'retiring');
    world.exit('0@1');
    world.advance(500);
    expect(world.shown).toEqual(['0@2 ready', '1@1 killing', '1@2 ready']);
    world.exit('1@1');
    expect(world.finishes.at(-1)).toMatchObject({ outcome: 'done', deploy: { loss: { killed: 1 } } });
  });

  it('starts settling anew for nobody: a worker that asks to be replaced meanwhile does not hold it up', () => {
    const world = new Simulator().online();
    world.deploy();
    world.ready('0@2', '1@2');
    world.send({ type: 'all-leaving', reason: 'restart.schedule' });
    world.advance(100);
    expect(world.phase).toBe('retiring');
    expect(world.calm().finishes.at(-1)?.outcome).toBe('done');
  });
});

describe('rolling', () => {
  it('replaces one worker after the other', () => {
    const world = new Simulator().online();
    world.deploy({ strategy: 'rolling' });
    expect(world.shown).toEqual(['0@1 ready', '0@2 booting', '1@1 ready']);
    world.ready('0@2');
    world.advance(100);
    expect(world.shown).toEqual(['0@1 draining', '0@2 ready', '1@1 ready']);
    expect(world.model.current).toBe(1);
    world.exit('0@1');
    expect(world.shown).toEqual(['0@2 ready', '1@1 ready', '1@2 booting']);
    world.ready('1@2');
    world.advance(100);
    expect(world.shown).toEqual(['0@2 ready', '1@1 draining', '1@2 ready']);
    expect(world.model.current).toBe(2);
    world.exit('1@1');
    expect(world.finishes.at(-1)?.outcome).toBe('done');
  });

  it.each([
    ['batches of two, the last one smaller', 3, 2, [['0@2', '1@2'], ['2@2']]],
    ['a batch as large as the app', 2, 2, [['0@2', '1@2']]],
    ['a batch larger than the app', 2, 9, [['0@2', '1@2']]],
  ])('%s', (_situation, workers, batch, batches) => {
    const world = new Simulator().online({ workers });
    world.deploy({ strategy: 'rolling', workers, batch });
    for (const names of batches) {
      expect(world.shown.filter((name) => name.endsWith('booting'))).toEqual(names.map((name) => `${name} booting`));
      world.ready(...names);
      world.advance(100);
      for (const name of names) world.exit(name.replace('@2', '@1'));
    }
    expect(world.finishes.at(-1)?.outcome).toBe('done');
  });
});

describe('replace', () => {
  it('has all of the old workers gone before it boots the first new one', () => {
    const world = new Simulator().online();
    world.deploy({ strategy: 'replace' });
    expect([world.phase, ...world.shown]).toEqual(['clearing', '0@1 draining', '1@1 draining']);
    world.exit('0@1');
    expect(world.shown).toEqual(['1@1 draining']);
    world.exit('1@1');
    expect([world.phase, ...world.shown]).toEqual(['booting', '0@2 booting', '1@2 booting']);
    world.ready('0@2', '1@2');
    world.advance(100);
    expect([world.phase, ...world.shown]).toEqual([null, '0@2 ready', '1@2 ready']);
    expect(world.finishes.at(-1)?.outcome).toBe('done');
  });
});

describe('a deploy that changes the number of workers', () => {
  const rows = (['all-at-once', 'rolling', 'replace'] as const).flatMap((strategy) =>
    [
      [1, 1],
      [2, 4],
      [4, 2],
      [5, 1],
    ].map(([from = 0, to = 0]): [Strategy, number, number] => [strategy, from, to]),
  );

  it.each(rows)('%s from %i to %i', (strategy, from, to) => {
    const world = new Simulator().online({ workers: from });
    world.deploy({ strategy, workers: to, batch: 2 });
    world.calm();
    expect(world.shown).toEqual(Array.from({ length: to }, (_, slot) => `${slot}@2 ready`));
    expect(world.finishes.at(-1)).toMatchObject({ outcome: 'done', deploy: { loss: { killed: 0 } } });
  });

  it.each([
    [1, ['0@2']],
    [2, ['0@2', '1@2']],
  ])('rolling from 5 to %i settles only where something has booted', (workers, names) => {
    const world = new Simulator().online({ workers: 5 });
    world.deploy({ strategy: 'rolling', workers });
    for (const name of names) {
      world.ready(name);
      world.advance(99);
      expect(world.phase).toBe('settling');
      world.advance(1);
      expect(world.phase).toBe('retiring');
      for (const going of world.shown.filter((shown) => shown.endsWith('draining'))) world.exit(going);
    }
    expect(world.finishes.at(-1)?.outcome).toBe('done');
    expect(world.now).toBe(1_000_000 + 100 * names.length);
    expect(world.shown).toEqual(names.map((name) => `${name} ready`));
  });

  it('keeps the slots to be dropped until the new workers have settled', () => {
    const world = new Simulator().online({ workers: 3 });
    world.deploy({ workers: 1 });
    world.ready('0@2');
    world.advance(99);
    expect(world.shown).toEqual(['0@1 ready', '0@2 ready', '1@1 ready', '2@1 ready']);
    world.advance(1);
    expect(world.shown).toEqual(['0@1 draining', '0@2 ready', '1@1 draining', '2@1 draining']);
  });
});

describe('an old worker that dies during a deploy', () => {
  it.each<[Deploy['phase'], Strategy]>([
    ['preparing', 'all-at-once'],
    ['booting', 'all-at-once'],
    ['settling', 'all-at-once'],
    ['preparing', 'rolling'],
    ['booting', 'rolling'],
    ['settling', 'rolling'],
    ['retiring', 'rolling'],
  ])('while %s (%s) comes back from its own generation', (phase, strategy) => {
    const world = new Simulator().online();
    world.deploy({ strategy, hooks: true });
    world.calm((at) => at.phase === phase);
    world.exit('1@1 ready');
    expect(world.pick('1@1').state).toBe('booting');
    expect(world.phase).toBe(phase);
    expect(world.calm().finishes.at(-1)?.outcome).toBe('done');
  });

  it.each<[Deploy['phase'], Strategy]>([
    ['clearing', 'replace'],
    ['retiring', 'all-at-once'],
  ])('while %s (%s) was on its way out anyway', (phase, strategy) => {
    const world = new Simulator().online();
    world.deploy({ strategy });
    world.calm((at) => at.phase === phase);
    world.exit('1@1');
    expect(world.shown.filter((name) => name.startsWith('1@1'))).toEqual([]);
    expect(world.calm().finishes.at(-1)?.outcome).toBe('done');
  });

  it('while the new ones are given up comes back too', () => {
    const world = new Simulator().online();
    world.deploy();
    world.exit('0@2');
    world.exit('0@1');
    expect(world.shown).toEqual(['0@1 booting', '1@1 ready', '1@2 draining']);
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready']);
  });
});

describe('a worker whose health checks fail during a deploy', () => {
  it.each<[Deploy['phase'], Strategy]>([
    ['preparing', 'all-at-once'],
    ['booting', 'all-at-once'],
    ['settling', 'all-at-once'],
    ['booting', 'rolling'],
    ['settling', 'rolling'],
    ['retiring', 'rolling'],
  ])('while %s (%s) is replaced from its own generation, and the deploy goes on', (phase, strategy) => {
    const world = new Simulator().online();
    world.deploy({ strategy, hooks: true });
    world.calm((at) => at.phase === phase);
    world.fail('1@1');
    expect(world.shown.filter((shown) => shown.startsWith('1@1'))).toEqual(['1@1 ready', '1@1 booting']);
    world.ready('1@1');
    expect(world.shown.filter((shown) => shown.startsWith('1@1'))).toEqual(['1@1 draining', '1@1 ready']);
    expect(world.calm().finishes.at(-1)?.outcome).toBe('done');
    expect(world.shown).toEqual(['0@2 ready', '1@2 ready']);
  });

  it('when it drains already has nothing to fear', () => {
    const world = new Simulator().online();
    world.deploy();
    world.calm(({ phase }) => phase === 'retiring');
    const before = world.model;
    world.fail('1@1');
    expect(world.model).toEqual(before);
  });

  it('when it is a new one that serves already is replaced though the old ones have not gone yet', () => {
    const world = new Simulator().online();
    world.deploy();
    world.calm(({ phase }) => phase === 'retiring');
    world.fail('0@2');
    expect(world.shown).toEqual(['0@1 draining', '0@2 ready', '0@2 booting', '1@1 draining', '1@2 ready']);
  });

  it('goes one after the other', () => {
    const world = new Simulator().online();
    world.deploy();
    world.fail('0@1');
    world.fail('1@1');
    const old = () => world.shown.filter((shown) => shown.includes('@1'));
    expect(old()).toEqual(['0@1 ready', '0@1 booting', '1@1 ready']);
    world.ready('0@1');
    world.exit('0@1 draining');
    expect(old()).toEqual(['0@1 ready', '1@1 ready', '1@1 booting']);
  });

  it('on the way back leaves its slot to the old generation, and serves until that is there', () => {
    const world = new Simulator().online({ workers: 3 });
    world.deploy({ strategy: 'rolling', workers: 3 });
    world.calm(({ model: { deploy } }) => deploy?.phase === 'booting' && deploy.range.from === 2);
    world.exit('2@2');
    expect(world.shown).toEqual(['0@2 ready', '1@1 booting', '1@2 ready', '2@1 ready']);
    world.fail('0@2');
    expect(world.shown).toEqual(['0@1 booting', '0@2 ready', '1@1 booting', '1@2 ready', '2@1 ready']);
    world.ready('0@1');
    expect(world.shown).toEqual(['0@1 ready', '0@2 draining', '1@1 booting', '1@2 ready', '2@1 ready']);
    expect(world.calm().shown).toEqual(['0@1 ready', '1@1 ready', '2@1 ready']);
  });
});

describe('the hooks', () => {
  it('come before anything else, and when they pass the rollout begins', () => {
    const world = new Simulator().online();
    const generation = world.deploy({ hooks: true });
    expect(world.actions.at(-1)).toEqual({ do: 'run-before-hooks', generation, reason: 'a new release' });
    expect(world.shown).toEqual(['0@1 ready', '1@1 ready']);
    world.hooks(true);
    expect(world.phase).toBe('booting');
  });

  it('veto the deploy when they fail', () => {
    const world = new Simulator().online();
    world.deploy({ hooks: true });
    world.hooks(false);
    expect([world.phase, ...world.shown]).toEqual([null, '0@1 ready', '1@1 ready']);
    expect(world.finishes.at(-1)).toMatchObject({
      ...{ outcome: 'failed', reason: 'hook deploy.before[0] exited with code 1', culprit: null },
    });
  });

  it('of another deploy do not count', () => {
    const world = new Simulator().online();
    world.deploy({ hooks: true });
    world.send({ type: 'hooks-passed', generation: 1 });
    world.send({ type: 'hooks-failed', generation: 1, reason: 'late' });
    expect(world.phase).toBe('preparing');
  });
});

describe('one deploy at a time', () => {
  it('ignores a second one while the first runs', () => {
    const world = new Simulator().online();
    world.deploy();
    const before = world.model;
    world.deploy({ strategy: 'replace' });
    expect(world.model).toEqual(before);
    world.calm();
    expect(world.shown).toEqual(['0@2 ready', '1@2 ready']);
    expect(world.finishes.map(({ deploy }) => deploy.generation)).toEqual([1, 2]);
  });

  it('ignores a change of the worker count meanwhile', () => {
    const world = new Simulator().online();
    world.deploy();
    world.send({ type: 'scale', workers: 5 });
    expect(world.calm().shown).toEqual(['0@2 ready', '1@2 ready']);
  });
});

describe('the loss report', () => {
  it('adds up what the old workers finished and cut, and who had to be killed', () => {
    const world = new Simulator().online();
    world.deploy();
    world.calm(({ phase }) => phase === 'retiring');
    world.exitKey(world.pick('0@1').key, { finished: 3, cut: 0 });
    world.advance(500);
    world.exitKey(world.pick('1@1').key, { finished: 4, cut: 2 });
    expect(world.finishes.at(-1)?.deploy.loss).toEqual({ finished: 7, cut: 2, killed: 1 });
  });

  it('is not known where one of them has nobody who counts', () => {
    const world = new Simulator().online();
    world.deploy();
    world.calm(({ phase }) => phase === 'retiring');
    world.exitKey(world.pick('0@1').key, { finished: null, cut: null });
    world.exitKey(world.pick('1@1').key, { finished: 4, cut: 2 });
    expect(world.finishes.at(-1)?.deploy.loss).toEqual({ finished: null, cut: null, killed: 0 });
  });

  it('does not count new workers that were given up', () => {
    const world = new Simulator().online();
    world.deploy();
    world.exit('0@2');
    world.exitKey(world.pick('1@2').key, { finished: 3, cut: 1 });
    expect(world.finishes.at(-1)?.deploy.loss).toEqual({ finished: 0, cut: 0, killed: 0 });
  });
});
