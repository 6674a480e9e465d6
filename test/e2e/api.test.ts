// The control API from outside, as curl and other clients use it; and that no request harms the manager.
//
// @module-tag more

import { once } from 'node:events';
import { statSync } from 'node:fs';
import http from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Status } from '../../src/core/status.ts';
import type {
  ErrorAnswer,
  HistoryAnswer,
  OperationMessage,
  OperationResult,
  VersionAnswer,
} from '../../src/protocol/control-api.ts';
import { type ApiRequest, askApi } from '../support/api-client.ts';
import { puppet, server } from '../support/apps.ts';
import { freePort } from '../support/free-port.ts';
import { createRig, type Rig } from '../support/rig.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

describe('the API', () => {
  test('does what the CLI does', async () => {
    await using rig = await startOne();
    const ask = <T>(path: string, body?: object): Promise<T> => askOk<T>(rig, path, body);
    const { manager } = await ask<Status>('/v1/status');
    expect(await ask<VersionAnswer>('/v1/version')).toMatchObject({ pid: manager.pid });
    expect(await ask<OperationResult>('/v1/apps/web/deploy', {})).toMatchObject({
      ok: true,
      apps: [{ app: 'web', action: 'deploy' }],
    });
    expect(await ask<OperationResult>('/v1/apps/web/scale', { workers: 1 })).toMatchObject({ ok: true });
    expect(await ask<OperationResult>('/v1/reload', {})).toMatchObject({
      ok: true,
      apps: [{ app: 'web', action: 'scale' }],
    });
    expect(await ask<OperationResult>('/v1/deploy', { all: true, options: { env: { VERSION: '2' } } })).toMatchObject({
      ok: true,
    });
    expect(await ask<OperationResult>('/v1/apps/web/rollback', {})).toMatchObject({ ok: true });
    expect(await ask<OperationResult>('/v1/apps/web/restart', {})).toMatchObject({ ok: true });
    expect(await ask('/v1/plan')).toMatchObject({ changes: [{ app: 'web' }] });
    expect((await ask<HistoryAnswer>('/v1/apps/web/history')).generations.length).toBeGreaterThan(3);
    expect(await ask<Status>('/v1/status?app=web')).toMatchObject({ apps: [{ name: 'web', state: 'online' }] });
    expect(await ask<OperationResult>('/v1/stop', { apps: ['web'] })).toMatchObject({ ok: true });
    expect(await ask<OperationResult>('/v1/start', {})).toMatchObject({ ok: true });
    await ask<OperationResult>('/v1/stop', {});
  });

  test('streams the events of an operation to whoever accepts NDJSON, the result last', async () => {
    await using rig = await startOne();
    const { text, status } = await askApi(rig.state.managerSocket, {
      path: '/v1/apps/web/deploy',
      method: 'POST',
      headers: { ...JSON_TYPE, accept: 'application/x-ndjson' },
      body: {},
    });
    expect(status).toBe(200);
    const messages = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as OperationMessage);
    expect(messages.at(-1)).toMatchObject({ type: 'result', result: { ok: true } });
    const events = messages.flatMap((message) => (message.type === 'event' ? [message.event.type] : []));
    expect(events).toEqual(expect.arrayContaining(['deploy-started', 'worker-ready', 'deploy-finished']));
  });

  test('serves many clients at once while a deploy runs', async () => {
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() } }) } });
    await rig.run('start');
    const deploy = rig.spawnCli(['deploy', 'web', '--env', 'PORT=']);
    await rig.puppets.next();
    const next = await rig.puppets.next();
    const streams = await Promise.all(Array.from({ length: 10 }, () => rig.events()));
    const answers = await Promise.all(Array.from({ length: 50 }, () => rig.status()));
    for (const { apps } of answers) expect(apps).toMatchObject([{ state: 'deploying' }]);
    await next.listen(await freePort());
    expect((await deploy.ended).code).toBe(0);
    await Promise.all(streams.map((stream) => stream.waitFor('deploy-finished')));
  });

  test('is for its owner only', async () => {
    await using rig = await startOne();
    expect(statSync(rig.state.managerSocket).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(rig.state.managerSocket)).mode & 0o777).toBe(0o700);
    expect(statSync(rig.state.stateFile).mode & 0o777).toBe(0o600);
    expect(statSync(rig.state.app('web').stateFile).mode & 0o777).toBe(0o600);
  });
});

describe('a bad request gets a clear error and harms nothing', () => {
  const post = (path: string, body: unknown): ApiRequest => ({ path, method: 'POST', headers: JSON_TYPE, body });
  const cases: readonly [string, ApiRequest, number, string][] = [
    ['an unknown path', { path: '/v1/nothing' }, 404, 'NOT_FOUND'],
    ['an unknown method of a known path', { path: '/v1/status', method: 'DELETE' }, 405, 'METHOD_NOT_ALLOWED'],
    ['an app that is not there', post('/v1/apps/nobody/deploy', {}), 404, 'NO_SUCH_APP'],
    ['a name that is no name', post('/v1/apps/%2e%2e%2fetc/deploy', {}), 404, 'NO_SUCH_APP'],
    ['a path that is not decodable', { path: '/v1/apps/%zz/history' }, 400, 'BAD_REQUEST'],
    ['a body that is not JSON', post('/v1/apps/web/scale', '{"workers": '), 400, 'BAD_REQUEST'],
    ['a body that is not an object', post('/v1/apps/web/scale', '[1]'), 400, 'BAD_REQUEST'],
    ['a body without what is needed', post('/v1/apps/web/scale', {}), 400, 'BAD_REQUEST'],
    ['a value of the wrong type', post('/v1/apps/web/scale', { workers: 'two' }), 400, 'BAD_REQUEST'],
    ['a value out of range', post('/v1/apps/web/scale', { workers: -1 }), 400, 'BAD_REQUEST'],
    ['an unknown key', post('/v1/apps/web/deploy', { timout: 1 }), 400, 'BAD_REQUEST'],
    [
      'an oversized body',
      post('/v1/apps/web/deploy', { env: { A: 'x'.repeat(2 * 1024 * 1024) } }),
      413,
      'BODY_TOO_LARGE',
    ],
    ['a bad count', { path: '/v1/events?n=many' }, 400, 'BAD_REQUEST'],
  ];
  test('each by its code', async () => {
    await using rig = await startOne();
    const before = await rig.status();
    for (const [what, request, status, code] of cases) {
      const answer = await askApi<ErrorAnswer>(rig.state.managerSocket, request).catch((error: unknown) => ({
        status: 0,
        body: error,
      }));
      expect({ what, status: answer.status, body: answer.body }).toMatchObject({
        what,
        status,
        body: { error: { code } },
      });
    }
    const after = await rig.status();
    expect(after.apps).toMatchObject([
      { generation: 1, ready: 2, workers: before.apps[0]?.workers.map(({ pid }) => ({ pid })) ?? [] },
    ]);
  });

  test('bytes that are not HTTP', async () => {
    await using rig = await startOne();
    const socket = connect(rig.state.managerSocket);
    socket.resume();
    socket.end('\u0000\u0001 this is not HTTP\r\n\r\n');
    await once(socket, 'close');
    expect((await rig.app('web')).state).toBe('online');
  });

  test('a client that leaves in the middle of its request, or of its answer', async () => {
    await using rig = await startOne();
    const half = connect(rig.state.managerSocket);
    await once(half, 'connect');
    half.write('POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"');
    half.destroy();
    const leaving = http.request({
      socketPath: rig.state.managerSocket,
      path: '/v1/apps/web/deploy',
      method: 'POST',
      headers: JSON_TYPE,
    });
    leaving.on('error', () => undefined);
    const events = await rig.events();
    leaving.end('{}');
    await events.waitFor('deploy-started');
    leaving.destroy();
    expect(await events.waitFor('deploy-finished')).toMatchObject({ outcome: 'done' });
    expect((await rig.app('web')).generation).toBe(2);
  });
});

async function startOne(): Promise<Rig> {
  const rig = await createRig({ apps: { web: server('http', await freePort()) } });
  await rig.run('start');
  return rig;
}

async function askOk<T>(rig: Rig, path: string, body?: object): Promise<T> {
  const request = body === undefined ? { path } : { path, method: 'POST', headers: JSON_TYPE, body };
  const answer = await askApi<T>(rig.state.managerSocket, request);
  if (answer.status !== 200) throw new Error(`${path}: status ${answer.status}: ${answer.text}`);
  return answer.body;
}
