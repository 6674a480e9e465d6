// The cluster process's inside, in the test's process, with workers that are small shell programs.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ClusterProcess } from '../../src/cluster/cluster-process.ts';
import type { Handlers, LinkConnection } from '../../src/cluster/link-server.ts';
import { handlersFor } from '../../src/cluster/requests.ts';
import type { AppSpec } from '../../src/core/spec.ts';
import type { ClusterRecord } from '../../src/platform/cluster-record.ts';
import { identify } from '../../src/platform/process-identity.ts';
import { writeStateFile } from '../../src/platform/state-file.ts';
import type { ClusterBoot } from '../../src/protocol/cluster-boot.ts';
import { eventually } from '../support/eventually.ts';
import { FakeOrphan } from '../support/fake-orphan.ts';
import { appSpec } from '../support/spec.ts';
import { tempDir } from '../support/temp-dir.ts';

const NOBODY: LinkConnection = { send: () => {}, sendLog: () => {}, skipLogs: () => {}, onClose: () => {} };

type Ask = <T extends keyof Handlers>(type: T, params: Parameters<Handlers[T]>[0]) => ReturnType<Handlers[T]>;

function bootIn(dir: string): ClusterBoot {
  const path = (name: string): string => join(dir, name);
  return {
    ...{ app: 'web', appDir: dir, agent: '/no/agent', evenkeel: '0', generation: 0, sockets: [] },
    presence: path('presence'),
    ...{ stateFile: path('cluster.json'), socket: path('cluster.sock'), agentsSocket: path('agents.sock') },
  };
}

function openCluster(dir: string): { readonly cluster: ClusterProcess; readonly ask: Ask } {
  const cluster = new ClusterProcess(bootIn(dir));
  const handlers = handlersFor(cluster, () => {}, { noteManager() {}, look() {} });
  const ask: Ask = (type, params) => {
    const handler = handlers[type] as (given: typeof params, from: LinkConnection) => ReturnType<Handlers[typeof type]>;
    return handler(params, NOBODY);
  };
  onTestFinished(async () => void (await ask('stop', { timeout: 0 })));
  return { cluster, ask };
}

function shellApp(dir: string, code: string, overrides: Partial<AppSpec> = {}): AppSpec {
  return appSpec({
    ...{ script: null, command: ['/bin/sh', '-c', code], cwd: dir, env: { PATH: process.env.PATH ?? '' }, workers: 1 },
    ready: { on: 'delay', delay: 100, timeout: 10_000 },
    ...overrides,
  });
}

const request = (spec: AppSpec) => ({ spec, reason: 'test', timeout: null, pinned: null });
const SERVE = 'exec sleep 60';

it('scales an app one slot of which has given up', async () => {
  const dir = tempDir();
  const { ask } = openCluster(dir);
  const spec = shellApp(dir, `[ "$EVENKEEL_WORKER" = 0 ] && exit 1; ${SERVE}`);
  await ask('start', request({ ...spec, restart: { ...spec.restart, limit: 1 } }));
  expect((await ask('status', {})).state).toBe('failed');
  expect(await ask('scale', { workers: 2 })).toEqual({ outcome: 'done', cause: null, from: 1, to: 2, failure: null });
});

it('tells of a scale, but not where there are as many workers already', async () => {
  const dir = tempDir();
  const { cluster, ask } = openCluster(dir);
  await ask('start', request(shellApp(dir, SERVE)));
  const { last } = cluster.events;
  expect(await ask('scale', { workers: 1 })).toMatchObject({ outcome: 'done', from: 1, to: 1 });
  await ask('scale', { workers: 2 });
  const scales = cluster.events.after(last).filter(({ event }) => event.type === 'scaled');
  expect(scales).toMatchObject([{ event: { from: 1, to: 2 } }]);
});

it.each([
  ['ends', 'exit 1', { code: 1 }],
  [
    'is not ready in time',
    SERVE,
    { reason: 'was not ready within 300 ms: it has not written a line that matches ready.pattern' },
  ],
])('a scale of which a new worker %s fails, and leaves as many workers as there were', async (_how, code, failure) => {
  const dir = tempDir();
  const { ask } = openCluster(dir);
  const ready = { on: 'log', pattern: 'up', timeout: 300 } as const;
  await ask('start', request(shellApp(dir, `[ "$EVENKEEL_WORKER" = 0 ] || ${code}; echo up; ${SERVE}`, { ready })));
  expect(await ask('scale', { workers: 3 })).toMatchObject({ outcome: 'failed', from: 1, to: 1, failure });
  expect(await ask('status', {})).toMatchObject({ state: 'online', desired: 1, ready: 1, workers: [{ slot: 0 }] });
});

it('a scale or a resume that a stop overtakes says so', async () => {
  const dir = tempDir();
  const { ask } = openCluster(dir);
  const ready = { on: 'log', pattern: 'up', timeout: 60_000 } as const;
  await ask('start', request(shellApp(dir, `[ "$EVENKEEL_WORKER" = 0 ] && echo up; ${SERVE}`, { ready })));
  const scaled = ask('scale', { workers: 2 });
  const { stateFile } = bootIn(dir);
  const running = readFileSync(stateFile);
  await ask('stop', { timeout: 0 });
  expect(await scaled).toEqual({ outcome: 'aborted', cause: 'the app was stopped', from: 1, to: 2, failure: null });
  // As one that was killed leaves it.
  writeFileSync(stateFile, running);
  const { ask: askNext } = openCluster(dir);
  const resumed = askNext('resume', {});
  await eventually('it boots', async () => (await askNext('status', {})).workers.length > 0);
  await askNext('stop', { timeout: 0 });
  expect(await resumed).toEqual({ outcome: 'aborted', cause: 'the app was stopped', generation: 1, failure: null });
});

it('what was stopped is not resumed: whoever starts it says what it runs', async () => {
  const dir = tempDir();
  const { ask, cluster } = openCluster(dir);
  await ask('start', request(shellApp(dir, SERVE)));
  await ask('stop', { timeout: 0 });
  await cluster.close();
  await expect(openCluster(dir).ask('resume', {})).rejects.toMatchObject({ code: 'APP_STOPPED' });
});

it('what was stopped when nothing of it was left is not resumed either', async () => {
  const dir = tempDir();
  const current = { generation: 4, spec: shellApp(dir, SERVE), realCwd: dir, realScript: null };
  await writeStateFile(bootIn(dir).stateFile, {
    ...{ app: 'web', cluster: null, lastGeneration: 4, current, desired: 1, started: true },
    ...{ unfinished: null, history: [], workers: [], lastEvent: 0 },
  });
  await openCluster(dir).ask('stop', { timeout: 0 });
  await expect(openCluster(dir).ask('resume', {})).rejects.toMatchObject({ code: 'APP_STOPPED' });
});

it.each([
  ['ends', 'exit 1', 60_000, 'failed'],
  ['is not ready before the deploy is to be done', SERVE, 500, 'timed-out'],
])('a restart whose new worker %s tells so', async (_how, code, timeout, outcome) => {
  const dir = tempDir();
  const { ask } = openCluster(dir);
  const { deploy } = appSpec();
  const settings = {
    ready: { on: 'log', pattern: 'up', timeout: 60_000 },
    deploy: { ...deploy, timeout, settle: 0 },
  } as const;
  await ask('start', request(shellApp(dir, `[ "$EVENKEEL_GENERATION" = 2 ] && ${code}; echo up; ${SERVE}`, settings)));
  expect(await ask('restart', {})).toMatchObject({ outcome, generation: 2, cause: expect.any(String) });
});

it('nothing is brought up while the app is being stopped, or after it', async () => {
  const dir = tempDir();
  const { ask } = openCluster(dir);
  const spec = shellApp(dir, SERVE);
  const stopped = ask('stop', { timeout: 0 });
  for (const refused of [ask('start', request(spec)), ask('resume', {})]) {
    await expect(refused).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  }
  await stopped;
  await expect(ask('start', request(spec))).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
});

it('ends the workers of a predecessor that was killed before its first start was through', async () => {
  const dir = tempDir();
  const left = spawn('/bin/sleep', ['60'], { detached: true, stdio: 'ignore' });
  const ended = once(left, 'exit');
  const identity = identify(left.pid ?? 0);
  const worker = { key: 1, slot: 0, generation: 1, identity, hasAgent: false, startedAt: Date.now() };
  await writeStateFile(join(dir, 'cluster.json'), {
    ...{ app: 'web', cluster: null, lastGeneration: 1, current: null, desired: 0, started: true },
    ...{ unfinished: null, history: [], workers: [worker], lastEvent: 0 },
  });
  const { ask } = openCluster(dir);
  expect(await ask('start', request(shellApp(dir, SERVE)))).toMatchObject({ outcome: 'done', generation: 2 });
  expect(await ended).toEqual([null, 'SIGTERM']);
});

it('a start takes over workers that it knows nothing of, and has them drain when its own are ready', async () => {
  const dir = tempDir();
  const { cluster, ask } = openCluster(dir);
  await cluster.orphans.listen(cluster.boot.agentsSocket);
  const orphan = new FakeOrphan({ generation: 7, slot: 1 });
  const agent = await orphan.connect(cluster.boot.agentsSocket);
  await eventually('it is known', () => cluster.orphans.workers.length > 0);
  const started = ask('start', request(shellApp(dir, SERVE, { listen: [] })));
  await agent.told('drain');
  orphan.end();
  expect(await started).toMatchObject({ outcome: 'done', generation: 8 });
});

it('what serves after its cluster process was killed past the commitment is in the history, and outlives failed deploys', async () => {
  const dir = tempDir();
  const pinned = (generation: number) => {
    const { deploy, restart } = appSpec();
    const spec = shellApp(dir, SERVE, { deploy: { ...deploy, settle: 0 }, restart: { ...restart, minDelay: 0 } });
    return { generation, spec, realCwd: dir, realScript: null };
  };
  const serving = pinned(3);
  const before = { generation: 2, outcome: 'done', reason: 'deploy', startedAt: new Date(0).toISOString() };
  const loss = { finished: 0, cut: 0, killed: 0 };
  await writeStateFile(join(dir, 'cluster.json'), {
    ...{ app: 'web', cluster: null, lastGeneration: 3, current: serving, desired: 1, started: true, workers: [] },
    history: [{ ...before, durationMs: 1, loss, pinned: pinned(2), current: true }],
    ...{ unfinished: { generation: 3, reason: 'deploy', startedAt: Date.now() }, lastEvent: 0 },
  });
  const { ask } = openCluster(dir);
  await ask('resume', {});
  const summary = async () =>
    (await ask('history', {})).map(({ generation, outcome, current }) => [generation, outcome, current]);
  expect(await summary()).toEqual([
    [2, 'done', false],
    [3, 'done', true],
  ]);

  const { deploy } = serving.spec;
  const veto = { ...deploy, before: [{ kind: 'command' as const, argv: ['/bin/false'] }] };
  expect(await ask('deploy', request({ ...serving.spec, deploy: veto }))).toMatchObject({ outcome: 'failed' });
  const [old] = (await ask('status', {})).workers;
  process.kill(old?.pid ?? 0, 'SIGKILL');
  await eventually('its worker has come back', async () => {
    const { ready, workers } = await ask('status', {});
    return ready === 1 && workers[0]?.pid !== old?.pid;
  });
  expect(await summary()).toContainEqual([3, 'done', true]);
});

it('a worker whose generation nobody knows is one that could not be started, and the app can be stopped', async () => {
  const dir = tempDir();
  const { cluster, ask } = openCluster(dir);
  await ask('start', request(shellApp(dir, SERVE)));
  const { host } = cluster.active;
  const settings = host.model.settings[1];
  if (settings === undefined) throw new Error('Generation 1 has no settings');
  const rollout = { strategy: 'all-at-once', workers: 1, batch: 1, settle: 0, timeout: 60_000, hooks: false } as const;
  host.dispatch({ type: 'deploy', generation: 99, reason: 'test', settings, ...rollout });
  expect(host.model).toMatchObject({ deploy: null, current: 1, workers: [{ generation: 1 }] });
  expect(await ask('stop', { timeout: null })).toEqual({ killed: 0 });
});

it('a deploy that went with its cluster process is told of by the successor that goes on, and by none that cannot', async () => {
  const dir = tempDir();
  const spec = shellApp(dir, SERVE, { listen: [{ kind: 'tcp', host: null, port: 3000 }] });
  const { stateFile } = bootIn(dir);
  await writeStateFile(stateFile, {
    ...{
      app: 'web',
      cluster: null,
      lastGeneration: 5,
      desired: 1,
      started: true,
      history: [],
      workers: [],
      lastEvent: 0,
    },
    current: { generation: 4, spec, realCwd: dir, realScript: null },
    unfinished: { generation: 5, reason: 'deploy', startedAt: Date.now() },
  });
  const { cluster, ask } = openCluster(dir);
  await expect(ask('resume', {})).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
  expect(cluster.events.after(0).filter(({ event }) => event.type === 'deploy-finished')).toEqual([]);
  cluster.save();
  const record = await eventually('the file is written anew', () => {
    const { data } = JSON.parse(readFileSync(stateFile, 'utf8')) as { data: ClusterRecord };
    return data.cluster !== null && data;
  });
  expect(record).toMatchObject({ current: { generation: 4 }, unfinished: { generation: 5 }, history: [] });
});

it('a resume that waits for its sockets leaves word of what is to run', async () => {
  const dir = tempDir();
  const orphan = new FakeOrphan();
  const spec = {
    ...shellApp(dir, SERVE, { listen: [{ kind: 'tcp', host: null, port: 3000 }] }),
    command: null,
    script: 'a',
  };
  const current = { generation: 4, spec, realCwd: dir, realScript: 'a' };
  const worker = { key: 1, slot: 0, generation: 4, identity: orphan.identity, hasAgent: true, startedAt: 1 };
  await writeStateFile(join(dir, 'cluster.json'), {
    ...{ app: 'web', cluster: null, lastGeneration: 4, current, desired: 1, started: true },
    ...{ unfinished: null, history: [], workers: [worker], lastEvent: 0 },
  });
  const { cluster, ask } = openCluster(dir);
  await cluster.orphans.listen(cluster.boot.agentsSocket);
  const resumed = ask('resume', {});
  // It is written when the orphan has been adopted.
  const record = await eventually('the file is written anew', () => {
    const { data } = JSON.parse(readFileSync(cluster.boot.stateFile, 'utf8')) as { data: ClusterRecord };
    return data.cluster !== null && data;
  });
  expect(record).toMatchObject({ current: { generation: 4 }, desired: 1, started: true, workers: [worker] });
  expect((await ask('status', {})).state).toBe('starting');
  await resumed;
  expect((await ask('status', {})).generation).toBe(4);
});

it('a stop ends workers of an app of which nothing else is known', async () => {
  const dir = tempDir();
  const { cluster, ask } = openCluster(dir);
  await cluster.orphans.listen(cluster.boot.agentsSocket);
  const orphan = new FakeOrphan();
  const agent = await orphan.connect(cluster.boot.agentsSocket);
  await eventually('it is known', () => cluster.orphans.workers.length > 0);
  const stopped = ask('stop', { timeout: 60_000 });
  expect((await agent.told('drain')).timeout).toBeGreaterThan(50_000);
  orphan.end();
  expect(await stopped).toEqual({ killed: 0 });
});

it('a stop while workers of a predecessor drain counts each of them once', async () => {
  const dir = tempDir();
  const { cluster, ask } = openCluster(dir);
  await cluster.orphans.listen(cluster.boot.agentsSocket);
  const orphan = new FakeOrphan();
  const agent = await orphan.connect(cluster.boot.agentsSocket);
  await eventually('it is known', () => cluster.orphans.workers.length > 0);
  const started = ask('start', request(shellApp(dir, SERVE)));
  await agent.told('drain');
  const stopped = ask('stop', { timeout: 60_000 });
  expect((await ask('status', {})).workers.map(({ pid }) => pid)).toEqual([orphan.pid]);
  orphan.end();
  expect(await stopped).toEqual({ killed: 0 });
  expect(await started).toMatchObject({ outcome: 'aborted' });
});

it('a stop of what never ran leaves cluster.json as it is', async () => {
  const dir = tempDir();
  const { ask } = openCluster(dir);
  expect(await ask('stop', { timeout: null })).toEqual({ killed: 0 });
  expect(existsSync(join(dir, 'cluster.json'))).toBe(false);
});

it('a start fails where the sockets cannot be had from anybody', async () => {
  const dir = tempDir();
  const { ask } = openCluster(dir);
  const spec = shellApp(dir, SERVE, { listen: [{ kind: 'tcp', host: null, port: 3000 }] });
  await expect(ask('start', request(spec))).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
});

it('a worker is written down before anything else happens to it', async () => {
  const dir = tempDir();
  const { cluster, ask } = openCluster(dir);
  const written: unknown[] = [];
  cluster.events.subscribe(({ event }) => {
    if (event.type !== 'worker-started') return;
    const file = readFileSync(cluster.boot.stateFile, 'utf8');
    const { data } = JSON.parse(file) as { data: { workers: { identity: { pid: number }; hasAgent: boolean }[] } };
    written.push(data.workers.map(({ identity, hasAgent }) => [identity.pid === event.pid, hasAgent]));
  });
  await ask('start', request(shellApp(dir, SERVE)));
  expect(written).toEqual([[[true, false]]]);
});

it('an abort ends the hooks after a deploy, and the deploy stays done', async () => {
  const dir = tempDir();
  const { ask } = openCluster(dir);
  const { deploy } = appSpec();
  const argv = ['/bin/sh', '-c', 'mkdir up; exec sleep 60'];
  const spec = shellApp(dir, SERVE, { deploy: { ...deploy, settle: 0, after: [{ kind: 'command', argv }] } });
  const started = ask('start', request(spec));
  await eventually('the hook runs', () => existsSync(join(dir, 'up')));
  expect(await ask('abort', { reason: 'test' })).toMatchObject({ outcome: 'done' });
  expect(await started).toMatchObject({ outcome: 'done', afterFailure: expect.stringMatching(/SIGKILL$/) });
});

describe('where the hooks after two deploys run', () => {
  async function twoEnding() {
    const dir = tempDir();
    const { ask } = openCluster(dir);
    const { deploy } = appSpec();
    const withHook = (name: string) => {
      const argv = ['/bin/sh', '-c', `mkdir ${name}; exec sleep 60`];
      return shellApp(dir, SERVE, { deploy: { ...deploy, settle: 0, after: [{ kind: 'command', argv }] } });
    };
    const ends = [ask('start', request(withHook('first')))];
    await eventually('its hook runs', () => existsSync(join(dir, 'first')));
    ends.push(ask('deploy', request(withHook('second'))));
    await eventually('its hook runs, too', () => existsSync(join(dir, 'second')));
    return { ask, ends };
  }
  const cut = { afterFailure: expect.stringMatching(/SIGKILL$/) };

  it('a stop ends all of them', async () => {
    const { ask, ends } = await twoEnding();
    await ask('stop', { timeout: 1000 });
    for (const end of ends) expect(await end).toMatchObject(cut);
  });

  it('an abort ends those of the newest', async () => {
    const { ask, ends } = await twoEnding();
    expect(await ask('abort', { reason: 'test' })).toMatchObject({ generation: 2, ...cut });
    expect(await Promise.race([ends[0], 'goes on'])).toBe('goes on');
  });
});

it('a start in a folder that does not exist answers why', async () => {
  const dir = tempDir();
  const { ask } = openCluster(dir);
  mkdirSync(join(dir, 'app'));
  const spec = shellApp(join(dir, 'gone'), SERVE);
  expect(await ask('start', request(spec))).toMatchObject({ outcome: 'failed' });
});

describe('what the manager after one that died asks again', () => {
  it('a start under way, or one that has just ended, is answered by how that start ends', async () => {
    const dir = tempDir();
    const { ask } = openCluster(dir);
    const spec = shellApp(dir, SERVE);
    const [first, second] = [ask('start', request(spec)), ask('start', request(spec))];
    expect(await second).toMatchObject({ outcome: 'done', generation: 1 });
    expect(await ask('start', request(spec))).toEqual(await first);
  });

  it('a start is refused once another generation runs', async () => {
    const dir = tempDir();
    const { ask } = openCluster(dir);
    const spec = shellApp(dir, SERVE, { deploy: { ...appSpec().deploy, settle: 0 } });
    await ask('start', request(spec));
    await ask('deploy', request(spec));
    await expect(ask('start', request(spec))).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('a stop under way is answered to both, and the less time counts', async () => {
    const dir = tempDir();
    const { ask } = openCluster(dir);
    // The loop keeps the shell itself from being ended by what it starts.
    await ask('start', request(shellApp(dir, `trap '' TERM; while :; do sleep 1; done`)));
    const patient = ask('stop', { timeout: 60_000 });
    expect(await ask('stop', { timeout: 0 })).toEqual({ killed: 1 });
    expect(await patient).toEqual({ killed: 1 });
  });
});
