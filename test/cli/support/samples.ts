// Answers of a manager, as small as their types allow; a test changes what it is about.

import type { EvenkeelEvent } from '../../../src/core/events.ts';
import type { Plan } from '../../../src/core/plan.ts';
import type { AppStatus, DeployResult, Status, WorkerFailure, WorkerStatus } from '../../../src/core/status.ts';
import type { HistoryEntry } from '../../../src/protocol/cluster-link.ts';
import type { AppResult, OperationResult } from '../../../src/protocol/control-api.ts';

export const TIME = '2026-01-01T00:00:00.000Z';

export function workerStatus(change: Partial<WorkerStatus> = {}): WorkerStatus {
  const counts = { restarts: 0, rss: 50 * 1024 * 1024, cpu: 0.1, connections: 4, requests: 100 };
  return {
    slot: 0,
    pid: 100,
    state: 'ready',
    generation: 3,
    startedAt: '2025-12-31T23:00:00.000Z',
    ...counts,
    ...change,
  };
}

export function appStatus(change: Partial<AppStatus> = {}): AppStatus {
  const workers = [workerStatus(), workerStatus({ slot: 1, pid: 101 })];
  const counts = { generation: 3, desired: 2, ready: 2, clusterPid: 99 };
  return {
    name: 'web',
    state: 'online',
    ...counts,
    drift: false,
    problem: null,
    deploy: null,
    lastDeploy: null,
    workers,
    ...change,
  };
}

export function statusOf(...apps: readonly AppStatus[]): Status {
  const manager = {
    pid: 4321,
    version: '9.8.7',
    startedAt: '2025-12-31T21:00:00.000Z',
    config: '/srv/shop/evenkeel.config.yaml',
    name: 'shop',
    profile: null,
    warnings: [],
  };
  return { manager, apps };
}

export function deployResult(change: Partial<DeployResult> = {}): DeployResult {
  const record = { generation: 4, outcome: 'done' as const, reason: 'deploy', startedAt: TIME, durationMs: 1200 };
  const rest = {
    cause: null,
    loss: { finished: 12, cut: 0, killed: 0 },
    failure: null,
    hookOutput: [],
    afterFailure: null,
  };
  return { app: 'web', ...record, ...rest, ...change };
}

export function workerFailure(change: Partial<WorkerFailure> = {}): WorkerFailure {
  return { slot: 1, pid: 123, reason: 'exited with code 1', code: 1, signal: null, lastLines: [], ...change };
}

export function appResult(change: Partial<AppResult> = {}): AppResult {
  const rest = { deploy: null, failure: null, workers: null, error: null };
  return {
    app: 'web',
    action: 'deploy',
    ok: true,
    reasons: [],
    message: 'generation 4 serves',
    durationMs: 1200,
    ...rest,
    ...change,
  };
}

export function operationResult(...apps: readonly AppResult[]): OperationResult {
  return { ok: apps.every((app) => app.ok), apps, notices: [], durationMs: 1300 };
}

export const samplePlan: Plan = {
  changes: [
    {
      app: 'web',
      action: 'deploy',
      reasons: ['env.PORT changed', 'workers 2 → 4'],
      keys: [{ path: 'env.PORT', kind: 'changed', class: 'deploy', reason: 'env.PORT changed' }],
    },
    { app: 'api', action: 'none', reasons: [], keys: [] },
    { app: 'old', action: 'stop', reasons: ['removed from the config'], keys: [] },
  ],
  notices: ['web: balance changed; takes effect at `evenkeel restart web`'],
};

export function historyEntry(change: Partial<HistoryEntry> = {}): HistoryEntry {
  const record = { generation: 3, outcome: 'done' as const, reason: 'deploy', startedAt: TIME, durationMs: 900 };
  return { ...record, loss: { finished: 2, cut: 0, killed: 0 }, pinned: null, current: true, ...change };
}

const ofWorker = { time: TIME, app: 'web', slot: 1, pid: 123, generation: 4 };
const ofApp = { time: TIME, app: 'web' };
const ofManager = { time: TIME };

/** One of every type, with the line that it should become. */
export const EVENT_LINES: readonly (readonly [EvenkeelEvent, string])[] = [
  [{ ...ofApp, type: 'app-state', state: 'online', previous: 'starting' }, 'web: online (was starting)'],
  [{ ...ofApp, type: 'scaled', from: 2, to: 4 }, 'web: workers 2 → 4'],
  [
    { ...ofApp, type: 'applied-live', keys: ['stop.timeout', 'logs.keep'] },
    'web: applied live: stop.timeout, logs.keep',
  ],
  [{ ...ofWorker, type: 'worker-started' }, 'web: worker 1 started (pid 123, generation 4)'],
  [{ ...ofWorker, type: 'worker-ready', bootMs: 240 }, 'web: worker 1 ready (pid 123, 240 ms)'],
  [
    { ...ofWorker, type: 'addresses-missing', addresses: ['3001', '/run/a.sock'] },
    'web: worker 1 does not listen on 3001, /run/a.sock (pid 123), as the worker does that it replaces',
  ],
  [{ ...ofWorker, type: 'worker-adopted' }, 'web: worker 1 adopted (pid 123, generation 4)'],
  [{ ...ofWorker, type: 'worker-draining', reason: 'retired' }, 'web: worker 1 draining (pid 123): retired'],
  [
    { ...ofWorker, type: 'worker-exited', code: 0, signal: null, expected: true, reason: 'retired' },
    'web: worker 1 stopped (pid 123): retired',
  ],
  [
    { ...ofWorker, type: 'worker-exited', code: 3, signal: null, expected: true, reason: 'retired' },
    'web: worker 1 stopped (pid 123, exit code 3): retired',
  ],
  [
    { ...ofWorker, type: 'worker-exited', code: 1, signal: null, expected: false, reason: 'exited with code 1' },
    'web: worker 1 exited with code 1 (pid 123)',
  ],
  [
    { ...ofWorker, pid: 0, type: 'worker-exited', code: null, signal: null, expected: false, reason: 'was gone' },
    'web: worker 1 was gone',
  ],
  [
    { ...ofWorker, pid: 0, type: 'worker-exited', code: null, signal: null, expected: true, reason: 'aborted' },
    'web: worker 1 stopped: aborted',
  ],
  [{ ...ofWorker, pid: 0, type: 'worker-draining', reason: 'aborted' }, 'web: worker 1 draining: aborted'],
  [{ ...ofWorker, type: 'worker-recycle', reason: 'memory' }, 'web: worker 1 is to be replaced (pid 123): memory'],
  [
    { ...ofApp, type: 'worker-backoff', slot: 1, delayMs: 400, failures: 3 },
    'web: worker 1 starts again in 400 ms (3 quick failures in a row)',
  ],
  [{ ...ofApp, type: 'worker-gave-up', slot: 1, failures: 1 }, 'web: worker 1 is not started again (1 quick failure)'],
  [
    { ...ofApp, type: 'deploy-started', generation: 4, reason: 'env.PORT changed', strategy: 'rolling' },
    'web: generation 4 begins (rolling): env.PORT changed',
  ],
  [
    { ...ofApp, type: 'deploy-phase', generation: 4, phase: 'booting', ready: 1, desired: 2, committed: false },
    'web: generation 4 booting, 1 of 2 ready',
  ],
  [
    {
      ...{ ...ofApp, type: 'deploy-finished', generation: 4, outcome: 'done', reason: 'deploy', durationMs: 1234 },
      loss: { finished: 1, cut: 0, killed: 0 },
    },
    'web: generation 4 done in 1.2 s: drained 1 request, cut 0, killed 0',
  ],
  [
    {
      ...{
        ...ofApp,
        type: 'deploy-finished',
        generation: 4,
        outcome: 'failed',
        reason: 'worker 1 died',
        durationMs: 20,
      },
      loss: { finished: 0, cut: 0, killed: 0 },
    },
    'web: generation 4 failed after 20 ms: worker 1 died',
  ],
  [{ ...ofApp, type: 'hook-output', hook: 'deploy.before[0]', line: 'ok' }, 'web: [deploy.before[0]] ok'],
  [{ ...ofApp, type: 'log-problem', stream: 'stdout', message: 'disk full' }, 'web: log of stdout: disk full'],
  [
    { ...ofApp, type: 'record-problem', file: '/s/cluster.json', problem: 'ENOSPC' },
    'web: /s/cluster.json cannot be written, and is tried again: ENOSPC',
  ],
  [
    { ...ofManager, type: 'state-problem', file: '/s/state.json', problem: 'ENOSPC' },
    '/s/state.json cannot be written, and is tried again: ENOSPC',
  ],
  [{ ...ofManager, type: 'state-problem', file: '/s/state.json', problem: null }, '/s/state.json is written again'],
  [{ ...ofApp, type: 'cluster-started', pid: 9 }, 'web: cluster process started (pid 9)'],
  [{ ...ofApp, type: 'cluster-adopted', pid: 9 }, 'web: cluster process adopted (pid 9)'],
  [{ ...ofApp, type: 'cluster-lost', pid: 9 }, 'web: cluster process lost (pid 9)'],
  [
    { ...ofApp, type: 'cluster-failed', reason: 'its cluster process did not start: ENOENT', delayMs: 1000 },
    'web: its cluster process did not start: ENOENT; tried again in 1 s',
  ],
  [
    { ...ofApp, type: 'listen-failed', reason: 'cannot listen on 80: it is in use', failures: 1, delayMs: 100 },
    'web: cannot listen on 80: it is in use; tried again in 100 ms',
  ],
  [
    { ...ofApp, type: 'listen-failed', reason: 'cannot listen on 80: it is in use', failures: 2, delayMs: null },
    'web: cannot listen on 80: it is in use; not tried again',
  ],
  [{ ...ofApp, type: 'sockets-taken', addresses: ['80', '443'] }, 'web: the manager keeps 80, 443 open from now on'],
  [{ ...ofManager, type: 'manager-started', pid: 5, version: '1.2.3' }, 'manager started (pid 5, version 1.2.3)'],
  [{ ...ofManager, type: 'manager-stopped', reason: 'SIGTERM' }, 'manager stopped: SIGTERM'],
  [
    { ...ofManager, type: 'config-invalid', problems: 2 },
    'the config has 2 problems (evenkeel check lists them); nothing was changed',
  ],
  [
    { ...ofManager, type: 'config-invalid', problems: 0 },
    'the config cannot be read (evenkeel check says why); nothing was changed',
  ],
  [{ ...ofManager, type: 'reload-started' }, 'reload begins'],
  [
    { ...ofManager, type: 'events-skipped', events: 12 },
    '12 events are missing here: they came faster than they were read',
  ],
  [{ ...ofManager, type: 'reload-refused', reason: 'there is no config' }, 'reload refused: there is no config'],
  [{ ...ofManager, type: 'reload-finished', ok: true, changes: 1 }, 'reload done, 1 change'],
  [
    { ...ofManager, type: 'state-repaired', file: 'state.json', message: 'rebuilt' },
    'state repaired: state.json: rebuilt',
  ],
];
