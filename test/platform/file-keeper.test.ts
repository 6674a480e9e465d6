import { describe, expect, it, onTestFinished } from 'vitest';
import { FileKeeper, type KeptFile } from '../../src/platform/file-keeper.ts';
import { FakeClock } from '../support/fake-clock.ts';

const LOOK = 2_000;

interface Rig {
  /** What is to be there. */
  readonly kept: Set<string>;
  /** What is there. */
  readonly there: Set<string>;
  readonly told: (readonly string[])[];
  readonly problems: string[];
  readonly asked: string[];
  /** Putting these back fails. */
  readonly broken: Set<string>;
  place: boolean;
  /** Resolves when the next look is over. */
  look(): Promise<void>;
  close(): Promise<void>;
}

function keep(...names: readonly string[]): Rig {
  const clock = new FakeClock();
  const rig = {
    ...{
      kept: new Set(names),
      there: new Set(names),
      told: [] as string[][],
      problems: [] as string[],
      asked: [] as string[],
    },
    ...{ broken: new Set<string>(), place: true },
  };
  const file = (name: string): KeptFile => ({
    name,
    isThere: () => rig.there.has(name),
    putBack: async () => {
      rig.asked.push(name);
      if (rig.broken.has(name)) throw new Error(`cannot make ${name}`);
      rig.there.add(name);
    },
  });
  const keeper = new FileKeeper({
    clock,
    interval: () => LOOK,
    files: () => [...rig.kept].map(file),
    mayPutBack: () => rig.place,
    onPutBack: (back) => rig.told.push([...back]),
    onProblem: (error) => rig.problems.push(String(error)),
  });
  onTestFinished(() => keeper.close());
  return Object.assign(rig, {
    async look() {
      clock.advance(LOOK);
      // Every step of a look is a promise that is settled already.
      await new Promise((resolve) => setImmediate(resolve));
    },
    close: () => keeper.close(),
  });
}

describe('FileKeeper', () => {
  it('does nothing while all is there', async () => {
    const rig = keep('dir', 'sock');
    await rig.look();
    expect(rig).toMatchObject({ asked: [], told: [], problems: [] });
  });

  it('puts back what was removed, in order, and tells once', async () => {
    const rig = keep('dir', 'lock', 'sock');
    rig.there.delete('sock');
    rig.there.delete('dir');
    await rig.look();
    await rig.look();
    expect(rig).toMatchObject({ asked: ['dir', 'sock'], told: [['dir', 'sock']], problems: [] });
  });

  it('goes on looking: what is removed again is put back again', async () => {
    const rig = keep('sock');
    for (let round = 0; round < 3; round += 1) {
      rig.there.delete('sock');
      await rig.look();
    }
    expect(rig.told).toEqual([['sock'], ['sock'], ['sock']]);
  });

  it('tries again what fails, and complains once until it works', async () => {
    const rig = keep('dir', 'sock');
    rig.there.clear();
    rig.broken.add('dir');
    await rig.look();
    await rig.look();
    expect(rig).toMatchObject({ asked: ['dir', 'dir'], told: [], problems: ['Error: cannot make dir'] });
    rig.broken.clear();
    await rig.look();
    expect(rig).toMatchObject({ told: [['dir', 'sock']] });
    rig.there.delete('sock');
    rig.broken.add('sock');
    await rig.look();
    expect(rig.problems).toEqual(['Error: cannot make dir', 'Error: cannot make sock']);
  });

  it('leaves a place alone that is gone itself, until it is there again', async () => {
    const rig = keep('dir');
    rig.there.clear();
    rig.place = false;
    await rig.look();
    expect(rig).toMatchObject({ asked: [], told: [], problems: [] });
    rig.place = true;
    await rig.look();
    expect(rig.told).toEqual([['dir']]);
  });

  it('tells nothing of what it no longer keeps', async () => {
    const rig = keep('sock');
    rig.there.clear();
    rig.broken.add('sock');
    await rig.look();
    rig.kept.clear();
    await rig.look();
    rig.kept.add('sock');
    rig.there.add('sock');
    await rig.look();
    expect(rig.told).toEqual([]);
  });

  it('puts nothing back once it is closed', async () => {
    const rig = keep('sock');
    rig.there.clear();
    await rig.close();
    await rig.look();
    expect(rig.asked).toEqual([]);
  });
});
