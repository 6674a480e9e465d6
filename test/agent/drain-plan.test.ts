import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AppHandlers,
  type DrainAction,
  type DrainState,
  type Leftover,
  lastCall,
  lastIdle,
  planDrain,
} from '../../src/agent/drain-plan.ts';

const TIMES = { start: 0, deadline: 30_000 };
const NOBODY: AppHandlers = { message: false, signal: false, tasks: 'none' };
const SIGNAL: AppHandlers = { ...NOBODY, signal: true };
const MESSAGE: AppHandlers = { ...NOBODY, message: true };
const BOTH: AppHandlers = { ...NOBODY, message: true, signal: true };
const TASKS: AppHandlers = { ...NOBODY, tasks: 'pending' };
const DONE: AppHandlers = { ...NOBODY, tasks: 'done' };
const ALL: AppHandlers = { message: true, signal: true, tasks: 'pending' };
const NOTHING: Leftover = { draining: 0, other: 0 };
const REQUESTS: Leftover = { draining: 2, other: 0 };
const SOCKETS: Leftover = { draining: 0, other: 1 };
const DRAINING: DrainState = { kind: 'draining' };

const actions = (left: Leftover, handlers: AppHandlers, now: number, state: DrainState = DRAINING) =>
  planDrain(state, left, handlers, TIMES, now).actions;

test('the last call comes 5 seconds before the deadline, or at three quarters of a short time', () => {
  expect(lastCall(TIMES)).toBe(25_000);
  expect(lastCall({ start: 100, deadline: 1_100 })).toBe(850);
  expect(lastIdle(TIMES)).toBe(24_500);
  expect(lastIdle({ start: 100, deadline: 1_100 })).toBe(800);
});

describe('with nothing left', () => {
  test.each<{ name: string; handlers: AppHandlers; does: DrainAction[] }>([
    { name: 'an app without handlers exits', handlers: NOBODY, does: ['report-drained', 'exit'] },
    { name: 'an app is sent its signal', handlers: SIGNAL, does: ['report-drained', 'send-signal'] },
    { name: 'an app is sent the message', handlers: MESSAGE, does: ['report-drained', 'send-message'] },
    { name: 'an app is sent both, in order', handlers: BOTH, does: ['report-drained', 'send-message', 'send-signal'] },
    { name: 'the tasks of an app are run', handlers: TASKS, does: ['report-drained', 'run-tasks'] },
    {
      name: 'an app with all of these is told in every way',
      handlers: ALL,
      does: ['report-drained', 'send-message', 'send-signal', 'run-tasks'],
    },
  ])('$name', ({ handlers, does }) => {
    expect(actions(NOTHING, handlers, 10)).toEqual(does);
  });
});

describe('while requests are left', () => {
  test.each([NOBODY, SIGNAL, MESSAGE, BOTH])('nothing happens before the last call: %o', (handlers) => {
    expect(actions(REQUESTS, handlers, 24_999)).toEqual([]);
    expect(planDrain(DRAINING, REQUESTS, handlers, TIMES, 10).wakeAt).toBe(25_000);
  });

  test('an app with handlers is told at the last call', () => {
    expect(actions(REQUESTS, SIGNAL, 25_000)).toEqual(['send-signal']);
    expect(actions(REQUESTS, BOTH, 25_000)).toEqual(['send-message', 'send-signal']);
  });

  test('an app without handlers goes on to the deadline', () => {
    expect(actions(REQUESTS, NOBODY, 29_999)).toEqual([]);
  });
});

describe('while only sockets are left that cannot be drained', () => {
  test('an app with handlers is told at once, and "drained" follows when they are gone', () => {
    const told = planDrain(DRAINING, SOCKETS, SIGNAL, TIMES, 10);
    expect(told.actions).toEqual(['send-signal']);
    const drained = planDrain(told.state, NOTHING, SIGNAL, TIMES, 20);
    expect(drained.actions).toEqual(['report-drained']);
    expect(planDrain(drained.state, NOTHING, SIGNAL, TIMES, 30).actions).toEqual([]);
  });

  test('an app without handlers waits for them', () => {
    expect(actions(SOCKETS, NOBODY, 10)).toEqual([]);
  });
});

describe('an app that was told by message only', () => {
  test('gets the signal 5 seconds after nothing is left', () => {
    const told = planDrain(DRAINING, NOTHING, MESSAGE, TIMES, 10);
    expect(told.wakeAt).toBe(5_010);
    expect(planDrain(told.state, NOTHING, MESSAGE, TIMES, 5_009).actions).toEqual([]);
    const late = planDrain(told.state, NOTHING, MESSAGE, TIMES, 5_010);
    expect(late.actions).toEqual(['send-signal']);
    expect(planDrain(late.state, NOTHING, MESSAGE, TIMES, 6_000).actions).toEqual([]);
  });

  test('keeps its sockets until the last call', () => {
    const told = planDrain(DRAINING, SOCKETS, MESSAGE, TIMES, 10);
    expect(told.wakeAt).toBe(25_000);
    expect(planDrain(told.state, NOTHING, MESSAGE, TIMES, 1_000)).toMatchObject({
      ...{ actions: ['report-drained'], wakeAt: 6_000 },
    });
    expect(planDrain(told.state, NOTHING, MESSAGE, TIMES, 24_000).wakeAt).toBe(25_000);
  });

  test('has half of the time that is left when it was told late', () => {
    const told = planDrain(DRAINING, REQUESTS, MESSAGE, TIMES, 25_000);
    expect(told.wakeAt).toBe(27_500);
  });
});

describe('an app that has left something to do', () => {
  test('is over when that is done, and sockets that cannot be drained do not keep it', () => {
    const told = planDrain(DRAINING, SOCKETS, TASKS, TIMES, 10);
    expect(told.actions).toEqual(['run-tasks']);
    expect(planDrain(told.state, SOCKETS, TASKS, TIMES, 20).actions).toEqual([]);
    expect(planDrain(told.state, SOCKETS, DONE, TIMES, 30)).toMatchObject({
      state: { kind: 'over' },
      actions: ['exit'],
    });
  });

  test('stays for its requests where it was told at the last call', () => {
    const told = planDrain(DRAINING, REQUESTS, TASKS, TIMES, 25_000);
    expect(told.actions).toEqual(['run-tasks']);
    expect(planDrain(told.state, REQUESTS, DONE, TIMES, 25_010).actions).toEqual([]);
    expect(planDrain(told.state, NOTHING, DONE, TIMES, 26_000).actions).toEqual(['report-drained', 'exit']);
  });

  test('is not sent the signal: it may take until it is killed', () => {
    expect(planDrain(DRAINING, NOTHING, { ...TASKS, message: true }, TIMES, 10).wakeAt).toBe(null);
  });
});

test('whatever happens: told at most once, drained at most once, and no exit while something is left', () => {
  const step = fc.record({
    draining: fc.nat({ max: 2 }),
    other: fc.nat({ max: 2 }),
    wait: fc.nat({ max: 10_000 }),
    handlers: fc.constantFrom(NOBODY, SIGNAL, MESSAGE, BOTH, TASKS, DONE, ALL),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const done: DrainAction[] = [];
      let state: DrainState = DRAINING;
      let now = 0;
      for (const { draining, other, wait, handlers } of steps) {
        now += wait;
        const next = planDrain(state, { draining, other }, handlers, TIMES, now);
        if (next.actions.includes('exit')) expect(draining).toBe(0);
        if (next.actions.includes('report-drained')) expect(draining + other).toBe(0);
        done.push(...next.actions);
        state = next.state;
      }
      for (const action of ['exit', 'report-drained', 'send-message', 'send-signal', 'run-tasks'] as const) {
        expect(done.filter((other) => other === action).length).toBeLessThanOrEqual(1);
      }
    }),
  );
});
