import { expect, it, onTestFinished, vi } from 'vitest';
import { deferred } from '../../src/core/deferred.ts';
import { serveApi } from '../../src/manager/api/serve-api.ts';
import { MAX_BODY_BYTES, NDJSON } from '../../src/protocol/control-api.ts';
import { appSpec } from '../support/app-spec.ts';
import { Api, lines, serving } from './api-rig.ts';

it('answers what runs', async () => {
  const { api } = await serving(appSpec());
  expect(await api.ask('GET', '/v1/version')).toEqual({ status: 200, body: { version: '0', pid: process.pid } });
  const status = await api.ask('GET', '/v1/status?app=web');
  expect(status).toMatchObject({
    status: 200,
    body: { manager: { pid: process.pid, name: 'shop' }, apps: [{ name: 'web', state: 'online', drift: false }] },
  });
  expect(await api.ask('GET', '/v1/plan')).toMatchObject({ body: { changes: [{ action: 'none' }], notices: [] } });
  expect(await api.ask('GET', '/v1/apps/web/history')).toMatchObject({
    body: { app: 'web', generations: [{ generation: 1 }] },
  });
});

it('tells the settings of an app, with values of env only where they are asked for', async () => {
  const { api } = await serving(appSpec({ env: { A: 'hunter2' } }));
  const changed = { rollback: null, workers: false, script: false, cwd: false, shellEnv: false, set: [], unset: [] };
  expect(await api.ask('GET', '/v1/apps/web/spec')).toMatchObject({
    status: 200,
    body: { app: 'web', running: true, spec: { name: 'web', env: { A: null } }, changed },
  });
  expect(await api.ask('GET', '/v1/apps/web/spec?show-env=1')).toMatchObject({
    body: { spec: { env: { A: 'hunter2' } } },
  });
});

it('does what it is asked, and answers with the result', async () => {
  const { rig, api } = await serving(appSpec());
  const operations: [string, unknown, object][] = [
    ['/v1/apps/web/deploy', { env: { A: '1' } }, { action: 'deploy', deploy: { generation: 2 } }],
    [
      '/v1/apps/web/deploy',
      { env: { A: null }, shellEnv: { B: '1' } },
      { reasons: ['deploy --shell-env --unset-env A'] },
    ],
    ['/v1/deploy', { all: true }, { action: 'deploy' }],
    ['/v1/deploy', { apps: ['web'], options: { workers: 3 } }, { action: 'deploy' }],
    ['/v1/apps/web/scale', { workers: 4 }, { action: 'scale', message: 'workers 3 → 4' }],
    ['/v1/apps/web/rollback', { to: 1 }, { action: 'rollback' }],
    ['/v1/apps/web/restart', undefined, { action: 'restart' }],
    ['/v1/apps/web/signal', { signal: 'SIGUSR1' }, { action: 'signal', message: 'SIGUSR1 sent to 4 workers' }],
    ['/v1/apps/web/signal', { signal: 'usr1' }, { action: 'signal', message: 'SIGUSR1 sent to 4 workers' }],
    ['/v1/apps/web/send', { message: null }, { action: 'send', message: 'message sent to 4 workers' }],
    [
      '/v1/reload',
      {},
      { action: 'deploy', reasons: ['workers 4 → 2', expect.stringContaining('undoes the rollback to 1')] },
    ],
    ['/v1/start', { apps: ['web'], reset: true }, { action: 'none' }],
    ['/v1/stop', { apps: ['web'], timeout: 1000 }, { action: 'stop' }],
  ];
  for (const [path, body, result] of operations) {
    expect(await api.ask('POST', path, body), path).toMatchObject({ status: 200, body: { ok: true, apps: [result] } });
  }
  expect(rig.complaints).toEqual([]);
});

it.each([
  ['signal', { signal: 'SIGUSR1' }, 'SIGUSR1'],
  ['send', { message: 'hello' }, 'message'],
])('%s tells of each worker whether it got it, and fails where one did not', async (action, body, what) => {
  const { rig, api } = await serving(appSpec());
  rig.cluster('web').deaf = 'it has ended';
  const workers = [
    { slot: 0, pid: 1000, generation: 1, problem: 'it has ended' },
    { slot: 1, pid: 1001, generation: 1, problem: null },
  ];
  expect(await api.ask('POST', `/v1/apps/web/${action}`, body)).toMatchObject({
    status: 200,
    body: { ok: false, apps: [{ action, ok: false, message: `${what} sent to 1 of 2 workers`, workers }] },
  });
});

it('streams what happens, with the result as the last line', async () => {
  const { api } = await serving(appSpec(), appSpec({ name: 'api' }));
  const told = await lines(await api.open('POST', '/v1/apps/web/deploy', {}, NDJSON));
  expect(told.slice(0, -1)).toMatchObject([
    { type: 'accepted', operation: 1 },
    { type: 'event', event: { type: 'deploy-started', app: 'web' } },
    { type: 'event', event: { type: 'deploy-finished', app: 'web' } },
    { type: 'event', event: { type: 'app-state' } },
  ]);
  expect(told.at(-1)).toMatchObject({ type: 'result', result: { ok: true, apps: [{ app: 'web' }] } });
});

it('a start by name tells what happens to its apps and those that they need, and of no other', async () => {
  const { rig, api } = await serving(appSpec(), appSpec({ name: 'api', dependsOn: ['db'] }), appSpec({ name: 'db' }));
  await api.ask('POST', '/v1/stop', { apps: ['api', 'db'] });
  rig.script('db').hold = deferred();
  const told = api.open('POST', '/v1/start', { apps: ['api'] }, NDJSON).then(lines);
  await rig.event('deploy-started', 'db', 2);
  await api.ask('POST', '/v1/apps/web/deploy', {});
  rig.script('db').hold?.resolve();
  const apps = (await told).flatMap((message) => ('event' in message ? [Object(message.event).app] : []));
  expect(new Set(apps)).toEqual(new Set(['db', 'api']));
});

it('aborts an operation by the number that its stream begins with', async () => {
  const { rig, api } = await serving(appSpec());
  rig.script('web').hold = deferred();
  const response = await api.open('POST', '/v1/deploy', { all: true }, NDJSON);
  const told = lines(response);
  await rig.event('deploy-started', 'web', 2);
  expect(await api.ask('POST', '/v1/abort', { operation: 99 })).toMatchObject({
    body: { error: { code: 'NO_DEPLOY' } },
  });
  expect(await api.ask('POST', '/v1/abort', {})).toMatchObject({ body: { error: { code: 'BAD_REQUEST' } } });
  expect((await api.ask('POST', '/v1/abort', { operation: 1 })).status).toBe(200);
  expect((await told).at(-1)).toMatchObject({ result: { ok: false, apps: [{ deploy: { outcome: 'aborted' } }] } });
});

it('a stream that is refused ends with the error', async () => {
  const { api } = await serving(appSpec());
  const told = await lines(await api.open('POST', '/v1/apps/nope/deploy', {}, NDJSON));
  expect(told.at(-1)).toMatchObject({ type: 'error', error: { code: 'NO_SUCH_APP' } });
});

it('a client that leaves changes nothing', async () => {
  const { rig, context, api } = await serving(appSpec());
  rig.script('web').hold = deferred();
  const response = await api.open('POST', '/v1/apps/web/deploy', {}, NDJSON);
  await rig.event('deploy-started', 'web', 2);
  response.destroy();
  rig.script('web').hold?.resolve();
  await rig.event('deploy-finished', 'web', 2);
  await context.fleet.lane('web').run('operation', async () => {});
  expect(context.fleet.runningSpec('web')).not.toBe(null);
  expect(rig.cluster('web').memory.current?.generation).toBe(2);
  expect(rig.complaints).toEqual([]);
});

it('serves many clients at once', async () => {
  const { api } = await serving(appSpec());
  const answers = await Promise.all(Array.from({ length: 100 }, () => api.ask('GET', '/v1/status')));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
});

function nested(depth: number, open = '{"a":', close = '}'): string {
  return `{"message":${open.repeat(depth)}1${close.repeat(depth)}}`;
}

const refused: [string, string, string, unknown, number, string, string][] = [
  ['an unknown path', 'GET', '/v2/status', undefined, 404, 'NOT_FOUND', '/v2/status'],
  ['a path that is no host', 'GET', '//', undefined, 404, 'NOT_FOUND', '//'],
  ['a path that begins as a host', 'GET', '//v1/version', undefined, 404, 'NOT_FOUND', '//v1/version'],
  ['what is no URL', 'GET', 'http://[/v1/version', undefined, 400, 'BAD_REQUEST', 'http://['],
  ['a wrong method', 'GET', '/v1/reload', undefined, 405, 'METHOD_NOT_ALLOWED', 'takes POST'],
  ['an unknown app', 'POST', '/v1/apps/nope/restart', {}, 404, 'NO_SUCH_APP', 'nope'],
  ['an unknown app asked about', 'GET', '/v1/status?app=nope', undefined, 404, 'NO_SUCH_APP', 'nope'],
  ['an app that is no URL', 'GET', '/v1/apps/%E0%A4%A/history', undefined, 400, 'BAD_REQUEST', 'URL-encoded'],
  ['half of a body', 'POST', '/v1/stop', '{"apps":', 400, 'BAD_REQUEST', 'not JSON'],
  ['half of a body with a secret', 'POST', '/v1/stop', '{"env":{"A":hunter2', 400, 'BAD_REQUEST', 'not JSON'],
  ['a body like a well', 'POST', '/v1/apps/web/send', nested(50_000), 400, 'BAD_REQUEST', 'levels deep'],
  ['lists like a well', 'POST', '/v1/apps/web/send', nested(50_000, '[', ']'), 400, 'BAD_REQUEST', 'levels deep'],
  ['a body that is a list', 'POST', '/v1/stop', '[]', 400, 'BAD_REQUEST', 'not a JSON object'],
  ['an unknown parameter', 'GET', '/v1/events?foo=1', undefined, 400, 'BAD_REQUEST', 'There are: n, follow.'],
  ['a parameter of an operation', 'POST', '/v1/reload?n=1', {}, 400, 'BAD_REQUEST', 'This route takes none.'],
  ['an unknown field', 'POST', '/v1/stop', { app: 'web' }, 400, 'BAD_REQUEST', 'app is not known'],
  [
    'an inherited name as a field',
    'POST',
    '/v1/stop',
    '{"__proto__":{"apps":["web"]}}',
    400,
    'BAD_REQUEST',
    '__proto__ is not known',
  ],
  [
    'more workers than a config may ask for',
    'POST',
    '/v1/apps/web/scale',
    { workers: 1025 },
    400,
    'BAD_REQUEST',
    'from 1 to 1024',
  ],
  ['names of a wrong type', 'POST', '/v1/stop', { apps: ['web', 3] }, 400, 'BAD_REQUEST', 'apps[1] must be a text'],
  [
    'a timeout of a wrong type',
    'POST',
    '/v1/stop',
    { apps: ['web'], timeout: '5s' },
    400,
    'BAD_REQUEST',
    'timeout must be an integer',
  ],
  ['no workers', 'POST', '/v1/apps/web/scale', {}, 400, 'BAD_REQUEST', 'workers is missing'],
  ['too few workers', 'POST', '/v1/apps/web/scale', { workers: 0 }, 400, 'BAD_REQUEST', 'workers must be an integer'],
  ['half a worker', 'POST', '/v1/apps/web/scale', { workers: 1.5 }, 400, 'BAD_REQUEST', 'workers must be an integer'],
  ['env that is no text', 'POST', '/v1/apps/web/deploy', { env: { A: 1 } }, 400, 'BAD_REQUEST', 'env.A must be a text'],
  [
    'a shell that removes a variable',
    'POST',
    '/v1/apps/web/deploy',
    { shellEnv: { A: null } },
    400,
    'BAD_REQUEST',
    'shellEnv.A must be a text',
  ],
  [
    'a relative script',
    'POST',
    '/v1/apps/web/deploy',
    { script: 'a.js' },
    400,
    'BAD_REQUEST',
    'script must be an absolute path',
  ],
  [
    'options of a wrong type',
    'POST',
    '/v1/deploy',
    { all: true, options: { wait: 1 } },
    400,
    'BAD_REQUEST',
    'options.wait',
  ],
  ['a deploy of nothing', 'POST', '/v1/deploy', {}, 400, 'BAD_REQUEST', 'apps or all'],
  ['a signal that is none', 'POST', '/v1/apps/web/signal', { signal: 'SIGFOO' }, 400, 'BAD_REQUEST', 'SIGFOO'],
  ['a count that is none', 'GET', '/v1/events?n=many', undefined, 400, 'BAD_REQUEST', 'many'],
  ['an abort of nothing', 'POST', '/v1/apps/web/abort', {}, 409, 'NO_DEPLOY', ''],
  [
    'a body that is too large',
    'POST',
    '/v1/stop',
    `{"apps":["${'x'.repeat(MAX_BODY_BYTES)}"]}`,
    413,
    'BODY_TOO_LARGE',
    '',
  ],
];
it.each(refused)('refuses %s', async (_what, method, path, body, status, code, message) => {
  const { rig, api } = await serving(appSpec());
  const answer = await api.ask(method, path, body);
  expect(answer).toMatchObject({ status, body: { error: { code } } });
  expect(JSON.stringify(answer.body)).toContain(message);
  expect(rig.cluster('web').asked.filter((asked) => asked !== 'abort')).toEqual(['start start']);
  expect(rig.complaints).toEqual([]);
  expect((await api.ask('GET', '/v1/version')).status).toBe(200);
});

it('a variable called __proto__ is a variable', async () => {
  const { context, api } = await serving(appSpec());
  await api.ask('POST', '/v1/apps/web/deploy', '{"env":{"__proto__":"x"}}');
  const env = context.fleet.runningSpec('web')?.env ?? {};
  expect(Object.keys(env)).toEqual(['__proto__']);
  expect(Reflect.get({}, 'x')).toBe(undefined);
});

it('answers what is not HTTP with an error, and closes', async () => {
  const { api } = await serving(appSpec());
  expect(await api.raw('hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*BAD_REQUEST/s);
});

it('half a request is ended at its deadline', async () => {
  const { rig, context } = await serving(appSpec());
  const socket = `${rig.layout.dir}/short.sock`;
  const server = await serveApi(socket, context, { last: async () => [] }, { requestTimeout: 50 });
  onTestFinished(() => server.close(0));
  const api = new Api(socket);
  expect(await api.raw('POST /v1/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{"a')).toMatch(
    /^HTTP\/1\.1 408 /,
  );
  expect(await api.raw('GET /v1/sta')).toMatch(/^HTTP\/1\.1 408 /);
});

it('events: those that are past, then those that come', async () => {
  const { rig, api } = await serving(appSpec());
  const past = await lines(await api.open('GET', '/v1/events?n=2'));
  expect(past).toEqual(rig.events.slice(-2));
  const response = await api.open('GET', '/v1/events?n=1&follow=1');
  const seen: string[] = [];
  response.setEncoding('utf8').on('data', (text: string) => seen.push(...text.split('\n').filter(Boolean)));
  await vi.waitFor(() => expect(seen).toHaveLength(1));
  rig.cluster('web').tell({ type: 'scaled', from: 1, to: 2 });
  await vi.waitFor(() => expect(seen.slice(1)).toMatchObject([expect.stringContaining('"scaled"')]));
});

it('logs: the newest lines, then those that come', async () => {
  const { rig, context, api } = await serving(appSpec());
  const once = await lines(await api.open('GET', '/v1/apps/web/logs?n=5'));
  expect(once).toMatchObject([{ type: 'snapshot', lines: [{ line: 'past' }], files: [] }]);
  const response = await api.open('GET', '/v1/apps/web/logs?follow=1');
  const seen: string[] = [];
  response.setEncoding('utf8').on('data', (text: string) => seen.push(...text.split('\n').filter(Boolean)));
  await vi.waitFor(() => expect(seen).toHaveLength(3));
  expect(seen.map((line) => JSON.parse(line).type)).toEqual(['snapshot', 'line', 'skipped']);
  const ended = new Promise((resolve) => response.once('end', resolve));
  rig.cluster('web').die();
  await ended;
  await context.fleet.handle('web').revival;
});

it('logs of an app that does not run name its files', async () => {
  const stdout = { kind: 'file', path: '/var/log/web.log' } as const;
  const web = appSpec({ logs: { ...appSpec().logs, stdout } });
  const { api } = await serving(web);
  await api.ask('POST', '/v1/stop', { apps: ['web'] });
  const told = await lines(await api.open('GET', '/v1/apps/web/logs'));
  expect(told).toEqual([{ type: 'snapshot', lines: [], files: [{ stream: 'stdout', path: stdout.path, size: 0 }] }]);
});

it('refuses changes while everything is being stopped, and answers the stop itself', async () => {
  const { rig, context, api } = await serving(appSpec());
  rig.cluster('web').frozen = true;
  const stopping = api.ask('POST', '/v1/stop', {});
  await vi.waitFor(() => expect(context.lifecycle.stopping).toBe(true));
  expect(await api.ask('POST', '/v1/start', {})).toMatchObject({
    status: 503,
    body: { error: { code: 'SHUTTING_DOWN' } },
  });
  expect((await api.ask('GET', '/v1/version')).status).toBe(200);
  rig.cluster('web').die();
  expect(await stopping).toMatchObject({ status: 200, body: { ok: true } });
});
