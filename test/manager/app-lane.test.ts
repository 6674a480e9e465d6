// In which order things are done to one app, and what a stop does to the others.

import { expect, it } from 'vitest';
import { deferred } from '../../src/core/deferred.ts';
import { AppLane, type TaskKind } from '../../src/manager/app-lane.ts';

/** A lane with something that goes on until `end`, and a note of what was done after it. */
function busyLane() {
  const lane = new AppLane('web');
  const done: string[] = [];
  const { promise, resolve: end } = deferred<void>();
  let signal: AbortSignal | null = null;
  const first = lane.run('operation', async (task) => {
    signal = task.signal;
    await promise;
    task.goOn();
  });
  const add = (kind: Exclude<TaskKind, 'stop'>, name: string): Promise<string> =>
    lane.run(kind, async () => {
      done.push(name);
      return name;
    });
  const stop = (name = 'stop'): Promise<unknown> =>
    lane.stop(
      async () => `beside ${name}`,
      async (before) => {
        done.push(name);
        return before;
      },
    );
  return { lane, done, first, end, add, stop, isTold: () => signal?.aborted };
}

const SUPERSEDED = expect.objectContaining({ code: 'APP_STOPPED', message: 'web was stopped meanwhile' });

it('does one thing after the other, a revival first', async () => {
  const { lane, done, end, add } = busyLane();
  const all = [add('operation', 'a'), add('reconcile', 'b'), add('revival', 'back'), add('operation', 'c')];
  end();
  expect(await Promise.all(all)).toEqual(['a', 'b', 'back', 'c']);
  expect(done).toEqual(['back', 'a', 'b', 'c']);
  expect(lane.isIdle).toBe(true);
});

it('a failure costs nobody else his turn', async () => {
  const { lane, end, add } = busyLane();
  const failing = lane.run('operation', () => Promise.reject(new Error('wrong')));
  const next = add('operation', 'next');
  end();
  await expect(failing).rejects.toThrow('wrong');
  expect(await next).toBe('next');
});

it('a stop tells what goes on to end, comes before all that waits, and what it stops never begins', async () => {
  const { done, first, end, add, stop, isTold } = busyLane();
  const waiting = [add('revival', 'back'), add('operation', 'a')].map((one) => one.catch((error) => error));
  const reconciled = add('reconcile', 'by what there is');
  const stopped = stop();
  expect(isTold()).toBe(true);
  const after = add('operation', 'after');
  end();
  await expect(first).rejects.toEqual(SUPERSEDED);
  expect(await stopped).toBe('beside stop');
  expect(await Promise.all(waiting)).toEqual([SUPERSEDED, SUPERSEDED]);
  await Promise.all([reconciled, after]);
  expect(done).toEqual(['stop', 'by what there is', 'after']);
});

it('a stop where nothing goes on has nothing to do beside it', async () => {
  const lane = new AppLane('web');
  expect(
    await lane.stop(
      async () => 'beside',
      async (before) => before,
    ),
  ).toBe(null);
});

it('two stops both have their turn, in their order', async () => {
  const { done, end, stop, first } = busyLane();
  first.catch(() => {});
  const both = [stop('one'), stop('two')];
  end();
  expect(await Promise.all(both)).toEqual(['beside one', 'beside two']);
  expect(done).toEqual(['one', 'two']);
});

it('a stop tells what went wrong beside what goes on when its turn has come', async () => {
  const { lane, end, first } = busyLane();
  first.catch(() => {});
  const stopped = lane.stop(
    () => Promise.reject(new Error('lost')),
    async () => {},
  );
  end();
  await expect(stopped).rejects.toThrow('lost');
});

it('begins nothing once it is closed', async () => {
  const { lane, done, end, first, add, isTold } = busyLane();
  first.catch(() => {});
  const waiting = add('reconcile', 'waiting');
  lane.close();
  expect(isTold()).toBe(true);
  end();
  await expect(waiting).rejects.toEqual(SUPERSEDED);
  await expect(add('operation', 'late')).rejects.toEqual(SUPERSEDED);
  expect(done).toEqual([]);
});
