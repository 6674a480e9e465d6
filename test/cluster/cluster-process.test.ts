// The cluster process's inside, in the test's process, with workers that are small shell programs.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { ClusterProcess } from '../../src/cluster/cluster-process.ts';
import type { Handlers, LinkConnection } from '../../src/cluster/link-server.ts';
import { handlersFor } from '../../src/cluster/requests.ts';
import type { AppSpec } from '../../src/core/spec.ts';
import { identify } from '../../src/platform/process-identity.ts';
import { writeStateFile } from '../../src/platform/state-file.ts';
import type { ClusterBoot } from '../../src/protocol/cluster-boot.ts';
import { eventually } from '../support/eventually.ts';
import { appSpec } from '../support/spec.ts';
import { tempDir } from '../support/temp-dir.ts';

const NOBODY: LinkConnection = { send: () => {}, sendLog: () => {}, onClose: () => {} };

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
  const handlers = handlersFor(cluster, () => {});
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
  expect(await ask('scale', { workers: 2 })).toEqual({ from: 1, to: 2, failure: null });
});

it('ends the workers of a predecessor that was killed before its first start was through', async () => {
  const dir = tempDir();
  const left = spawn('/bin/sleep', ['60'], { detached: true, stdio: 'ignore' });
  const ended = once(left, 'exit');
  const identity = identify(left.pid ?? 0);
  const worker = { key: 1, slot: 0, generation: 1, identity, startedAt: Date.now() };
  await writeStateFile(join(dir, 'cluster.json'), {
    ...{ app: 'web', cluster: null, lastGeneration: 1, current: null, desired: 0, started: true },
    ...{ unfinished: null, history: [], workers: [worker], lastEvent: 0 },
  });
  const { ask } = openCluster(dir);
  expect(await ask('start', request(shellApp(dir, SERVE)))).toMatchObject({ outcome: 'done', generation: 2 });
  expect(await ended).toEqual([null, 'SIGTERM']);
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

it('a start in a folder that does not exist answers why', async () => {
  const dir = tempDir();
  const { ask } = openCluster(dir);
  mkdirSync(join(dir, 'app'));
  const spec = shellApp(join(dir, 'gone'), SERVE);
  expect(await ask('start', request(spec))).toMatchObject({ outcome: 'failed' });
});
