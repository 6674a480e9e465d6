// SIGKILL and SIGSTOP of everything that takes part, idle and in every phase of a deploy: afterwards all is as it should
// be, without anybody's help (but for the manager, which the next `start` brings back), and no more is lost than was in
// flight on a worker that was hit.

import { describe, expect, type TestContext, test } from 'vitest';
import type { DeployOutcome } from '../../src/core/status.ts';
import { puppet, server } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import {
  type Begin,
  byDeploy,
  byReload,
  type HeldDeploy,
  type HeldPhase,
  holdDeploy,
  WORKERS,
  workersOf,
} from '../support/held-deploy.ts';
import type { Load } from '../support/load.ts';
import { isAlive, processesOf } from '../support/process-table.ts';
import type { Puppet } from '../support/puppet.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';
import { report, requestsOf } from './finding.ts';

/** Of each kind, keep-alive and close. */
const CLIENTS = 8;

type Victim = 'manager' | 'cluster process' | 'old worker' | 'new worker';
type Phase = 'idle' | HeldPhase;

/** How it ends; null: there was no deploy. */
interface End {
  readonly generation: 1 | 2;
  readonly outcome: DeployOutcome | null;
}

const UNTOUCHED: End = { generation: 1, outcome: null };
const DONE: End = { generation: 2, outcome: 'done' };
const FAILED: End = { generation: 1, outcome: 'failed' };
const TIMED_OUT: End = { generation: 1, outcome: 'timed-out' };

const KILLED: readonly (readonly [Victim, Phase, End])[] = [
  ['manager', 'idle', UNTOUCHED],
  ['manager', 'preparing', DONE],
  ['manager', 'booting', DONE],
  ['manager', 'settling', DONE],
  ['manager', 'retiring', DONE],
  ['manager', 'finishing', DONE],
  ['cluster process', 'idle', UNTOUCHED],
  ['cluster process', 'preparing', FAILED],
  ['cluster process', 'booting', FAILED],
  ['cluster process', 'settling', FAILED],
  ['cluster process', 'retiring', DONE],
  ['cluster process', 'finishing', DONE],
  ['old worker', 'idle', UNTOUCHED],
  ['old worker', 'preparing', DONE],
  ['old worker', 'booting', DONE],
  ['old worker', 'settling', DONE],
  ['old worker', 'retiring', DONE],
  ['new worker', 'booting', FAILED],
  ['new worker', 'settling', FAILED],
  ['new worker', 'retiring', DONE],
  ['new worker', 'finishing', DONE],
];

/** What hangs is noticed by a health check, by a deadline, or by the manager's heartbeat. */
const STOPPED: readonly (readonly [Victim, Phase, End])[] = [
  ['manager', 'idle', UNTOUCHED],
  ['manager', 'booting', DONE],
  ['manager', 'settling', DONE],
  ['manager', 'retiring', DONE],
  ['cluster process', 'idle', UNTOUCHED],
  ['cluster process', 'booting', FAILED],
  ['cluster process', 'settling', FAILED],
  ['cluster process', 'retiring', DONE],
  ['old worker', 'idle', UNTOUCHED],
  ['old worker', 'retiring', DONE],
  ['new worker', 'booting', TIMED_OUT],
  ['new worker', 'settling', FAILED],
  ['new worker', 'retiring', DONE],
];

const PROMISES: Record<Victim, string> = {
  manager: 'P5',
  'cluster process': 'P6',
  'old worker': 'P7',
  'new worker': 'P7',
};

// The short form is test/e2e/predecessors/killed-in-a-deploy.test.ts.
describe('SIGKILL', LONG, () => {
  test.for(KILLED)('of the %s, %s', ([victim, phase, end], context) =>
    strike(context, { signal: 'SIGKILL', victim, phase, end }),
  );
});

describe('SIGSTOP', LONG, () => {
  test.for(STOPPED)('of the %s, %s', ([victim, phase, end], context) =>
    strike(context, { signal: 'SIGSTOP', victim, phase, end }),
  );
});

/** Besides the deploy it starts another app. */
const IN_A_RELOAD: readonly (readonly [Victim, Phase, End])[] = [
  ['manager', 'preparing', DONE],
  ['manager', 'booting', DONE],
  ['manager', 'settling', DONE],
  ['manager', 'retiring', DONE],
  ['manager', 'finishing', DONE],
  ['cluster process', 'booting', FAILED],
  ['cluster process', 'settling', FAILED],
  ['cluster process', 'retiring', DONE],
  ['old worker', 'booting', DONE],
  ['new worker', 'booting', FAILED],
  ['new worker', 'retiring', DONE],
];

describe('during a reload, SIGKILL', LONG, () => {
  test.for(IN_A_RELOAD)('of the %s, %s', ([victim, phase, end], context) =>
    strike(context, { signal: 'SIGKILL', victim, phase, end, reloads: true }),
  );
});

interface Strike {
  readonly signal: 'SIGKILL' | 'SIGSTOP';
  readonly victim: Victim;
  readonly phase: Phase;
  readonly end: End;
  /** It is a reload that deploys, and starts another app; default: the command `deploy`. */
  readonly reloads?: boolean;
}

interface Scene {
  readonly rig: Rig;
  readonly port: number;
  readonly loads: readonly Load[];
  readonly old: readonly Puppet[];
}

async function strike(context: TestContext, { signal, victim, phase, end, reloads = false }: Strike): Promise<void> {
  const scene = await running(phase);
  const { rig, port, loads, old } = scene;
  const deploy =
    phase === 'idle' ? null : await holdDeploy(rig, { port, phase, old }, reloads ? reloadWithAnother : byDeploy);
  const pid = await pidOf(victim, scene, deploy);
  const since = Date.now();
  if (signal === 'SIGKILL') await rig.kill9(pid);
  else process.kill(pid, signal);
  await deploy?.release();
  if (victim === 'manager') await theManagerIsMissed(scene, { signal, pid, deploys: deploy !== null });
  if (deploy !== null) await deploy.command.ended;
  await becomesWhole(scene, { pid, end, isBack: victim === 'manager' && signal === 'SIGSTOP' });
  if (reloads) await rig.appWhere('another', 'is up', ({ state }) => state === 'online');
  const recoveryMs = Date.now() - since;
  for (const load of loads) {
    load.lap();
    await load.sees(`${end.generation}`);
  }
  const reports = await Promise.all(loads.map((load) => load.stop()));
  const requests = requestsOf(...reports);
  const isWorker = victim.endsWith('worker');
  expect(requests.failed, JSON.stringify(reports.map(({ failures }) => failures))).toBeLessThanOrEqual(
    isWorker ? 2 * CLIENTS : 0,
  );
  for (const { errors } of reports) expect(Object.keys(errors)).not.toContain('ECONNREFUSED');
  report(context, {
    chapter: 'Killed and stopped processes',
    fault: `${signal} of the ${victim}, ${phase === 'idle' ? phase : `a ${reloads ? 'reload' : 'deploy'} is ${phase}`}`,
    promise: PROMISES[victim],
    ...{ requests, recoveryMs },
    result: end.outcome === null ? 'as before' : `deploy ${end.outcome}, generation ${end.generation} serves`,
  });
}

const reloadWithAnother: Begin = (rig, env) => {
  rig.editConfig((config) => ({ ...config, apps: { ...config.apps, another: server('http', 0) } }));
  return byReload(rig, env);
};

/** Workers of generation 1 on a declared port, under load. */
async function running(phase: Phase): Promise<Scene> {
  const port = await freePort();
  const web = puppet({
    workers: WORKERS,
    listen: [port],
    env: { PORT: port },
    ready: { timeout: '5s' },
    health: { http: '/healthz', interval: '300ms', timeout: '1s', failures: 2 },
    stop: { timeout: '5s' },
    deploy: { settle: phase === 'settling' ? '4s' : '100ms' },
  });
  const rig = await createRig({ apps: { web } });
  await rig.run('start');
  const old = await workersOf(rig, 1);
  const loads = (['keep-alive', 'close'] as const).map((mode) => rig.load({ port, clients: CLIENTS, mode }));
  for (const load of loads) await load.more(2 * CLIENTS);
  return { rig, port, loads, old };
}

async function pidOf(victim: Victim, { rig, old }: Scene, deploy: HeldDeploy | null): Promise<number> {
  switch (victim) {
    case 'manager':
      return (await rig.status()).manager.pid;
    case 'cluster process':
      return (await rig.app('web')).clusterPid ?? 0;
    case 'old worker':
      return (deploy?.holder ?? old[1])?.pid ?? 0;
    case 'new worker':
      return deploy?.fresh[0]?.pid ?? 0;
  }
}

/** Nobody notices but who asks it; then it is there again. */
async function theManagerIsMissed(
  { rig, loads }: Scene,
  { signal, pid, deploys }: { readonly signal: Strike['signal']; readonly pid: number; readonly deploys: boolean },
): Promise<void> {
  for (const load of loads) {
    await load.more(4 * CLIENTS);
    if (deploys) await load.sees('2');
  }
  expect((await rig.cli('status')).code).toBe(signal === 'SIGKILL' ? 3 : 4);
  if (signal === 'SIGKILL') await rig.run('start');
  else process.kill(pid, 'SIGCONT');
}

/** Nobody is missing, and nobody is there who is not shown. */
async function becomesWhole(
  { rig }: Scene,
  { pid, end, isBack }: { readonly pid: number; readonly end: End; readonly isBack: boolean },
): Promise<void> {
  await eventually('what was hit is gone', () => isBack || !isAlive(pid), 90_000);
  const app = await rig.appWhere(
    'web',
    'is whole',
    ({ ready, state, workers, deploy }) =>
      state === 'online' &&
      ready === WORKERS &&
      workers.length === WORKERS &&
      deploy === null &&
      workers.every((worker) => isAlive(worker.pid ?? 0)),
  );
  expect(app).toMatchObject({ generation: end.generation });
  if (end.outcome !== null) expect(app.lastDeploy).toMatchObject({ generation: 2, outcome: end.outcome });
  expect(app.workers.map(({ generation }) => generation)).toEqual(Array(WORKERS).fill(end.generation));
  await eventually('only what is shown runs', () => {
    const workers = processesOf(rig.dir).filter(({ command }) => command.includes('puppet.mjs'));
    return workers.length === WORKERS;
  });
}
