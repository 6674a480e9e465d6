// What a live display shows: events in, lines out.

import { describe, expect, it } from 'vitest';
import { progressLines } from '../../src/cli/progress-lines.ts';
import { NO_PROGRESS, type ProgressModel, reduceProgress } from '../../src/cli/progress-model.ts';
import { plainStyle } from '../../src/cli/style.ts';
import type { EvenkeelEvent } from '../../src/core/events.ts';

const START = Date.parse('2026-01-01T00:00:00.000Z');
const at = (ms: number) => ({ time: new Date(START + ms).toISOString(), app: 'web' });
const worker = (slot: number, pid: number, generation: number) => ({ slot, pid, generation });

const DEPLOY: readonly EvenkeelEvent[] = [
  { ...at(0), type: 'deploy-started', generation: 4, reason: 'deploy', strategy: 'all-at-once' },
  { ...at(0), type: 'deploy-phase', generation: 4, phase: 'preparing', ready: 0, desired: 2, committed: false },
  { ...at(100), type: 'hook-output', hook: 'deploy.before[0]', line: 'migrating' },
  { ...at(200), type: 'deploy-phase', generation: 4, phase: 'booting', ready: 0, desired: 2, committed: false },
  { ...at(200), type: 'worker-started', ...worker(1, 21, 4) },
  { ...at(200), type: 'worker-started', ...worker(0, 20, 4) },
  { ...at(500), type: 'worker-ready', ...worker(0, 20, 4), bootMs: 300 },
];

const SUCCESS: readonly EvenkeelEvent[] = [
  ...DEPLOY,
  { ...at(600), type: 'worker-ready', ...worker(1, 21, 4), bootMs: 400 },
  { ...at(700), type: 'deploy-phase', generation: 4, phase: 'retiring', ready: 2, desired: 2, committed: true },
  { ...at(700), type: 'worker-draining', ...worker(0, 10, 3), reason: 'replaced' },
  { ...at(700), type: 'worker-draining', ...worker(1, 11, 3), reason: 'replaced' },
  { ...at(900), type: 'worker-exited', ...worker(1, 11, 3), code: 0, signal: null, expected: true, reason: 'replaced' },
];

function show(events: readonly EvenkeelEvent[], ms: number): readonly string[] {
  return progressLines(reduce(events), START + ms, plainStyle);
}

function reduce(events: readonly EvenkeelEvent[]): ProgressModel {
  return events.reduce(reduceProgress, NO_PROGRESS);
}

describe('the live display', () => {
  it('is empty before anything happens', () => {
    expect(show([], 0)).toEqual([]);
  });

  it('shows the last line of a hook while it runs', () => {
    expect(show(DEPLOY.slice(0, 3), 150)).toEqual([
      '› web  generation 4 preparing, 0 of 2 ready  150 ms',
      '    migrating',
    ]);
  });

  it('shows which workers boot and which are ready, with what has passed', () => {
    expect(show(DEPLOY, 1200)).toEqual([
      '› web  generation 4 booting, 0 of 2 ready  1.2 s',
      '    generation 4  worker 0  ready     pid 20  after 300 ms',
      '    generation 4  worker 1  booting   pid 21  1 s',
    ]);
  });

  it('shows the old workers that drain, and no longer those that have gone', () => {
    expect(show(SUCCESS, 1700)).toEqual([
      '› web  generation 4 serves, the old workers retire  1.7 s',
      '    generation 4  worker 0  ready     pid 20  after 300 ms',
      '    generation 4  worker 1  ready     pid 21  after 400 ms',
      '    generation 3  worker 0  draining  pid 10  1 s  replaced',
    ]);
  });

  it('shows why a worker failed until its successor takes its place', () => {
    const failed: readonly EvenkeelEvent[] = [
      ...DEPLOY,
      {
        ...at(600),
        type: 'worker-exited',
        ...worker(1, 21, 4),
        code: 1,
        signal: null,
        expected: false,
        reason: 'exited with code 1',
      },
    ];
    expect(show(failed, 700).at(-1)).toBe('    generation 4  worker 1  failed    pid 21  exited with code 1');
    const again: EvenkeelEvent = { ...at(800), type: 'worker-started', ...worker(1, 22, 4) };
    expect(show([...failed, again], 900).slice(-2)).toEqual([
      '    generation 4  worker 0  ready     pid 20  after 300 ms',
      '    generation 4  worker 1  booting   pid 22  100 ms',
    ]);
  });

  it('shows each worker that could not be started, and no pid, for it has none', () => {
    const exited = (slot: number, expected: boolean): EvenkeelEvent => ({
      ...{
        ...at(600),
        type: 'worker-exited',
        ...worker(slot, 0, 4),
        code: null,
        signal: null,
        expected,
        reason: 'was gone',
      },
    });
    const failed = [...DEPLOY.slice(0, 4), exited(0, false), exited(1, false)];
    const line = (slot: number) => `    generation 4  worker ${slot}  failed    was gone`;
    expect(show(failed, 700).slice(1)).toEqual([line(0), line(1)]);
    expect(show([...failed, exited(1, true)], 700).slice(1)).toEqual([line(0)]);
  });

  it.each([
    ['done', '✓ web  generation 4 done in 1 s: drained 3 requests, cut 0, killed 0'],
    ['failed', '✗ web  generation 4 failed after 1 s: why'],
    ['aborted', '✗ web  generation 4 aborted after 1 s: why'],
    ['timed-out', '✗ web  generation 4 timed-out after 1 s: why'],
  ] as const)('%s: one line is left', (outcome, line) => {
    const loss = { finished: 3, cut: 0, killed: 0 };
    const end: EvenkeelEvent = {
      ...at(1000),
      type: 'deploy-finished',
      generation: 4,
      outcome,
      reason: 'why',
      durationMs: 1000,
      loss,
    };
    expect(show([...SUCCESS, end], 5000)).toEqual([line]);
  });

  it('lines several apps up, in the order of their first event', () => {
    const other: EvenkeelEvent = {
      ...at(10),
      app: 'worker',
      type: 'app-state',
      state: 'starting',
      previous: 'stopped',
    };
    expect(show([...DEPLOY.slice(0, 1), other], 1010)).toEqual([
      '› web     generation 4 preparing  1.0 s',
      '› worker  starting  1 s',
    ]);
  });

  it('does not care for what is not of an app', () => {
    expect(show([{ time: at(0).time, type: 'reload-started' }], 0)).toEqual([]);
  });
});
