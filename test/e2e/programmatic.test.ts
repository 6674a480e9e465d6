// The programmatic API: startManager, connect, and a client with all that the CLI does.
//
// @module-tag more

import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { EvenkeelEvent, OperationResult } from '../../src/index.ts';
import { puppet, server } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { importEvenkeel } from '../support/package.ts';
import { isAlive, killHard } from '../support/process-table.ts';
import { createRig, fixture, type Rig } from '../support/rig.ts';
import { LONG, tiers } from '../support/tiers.ts';

const { connect, EvenkeelError, OperationError, startManager } = await importEvenkeel();

type Line = readonly [level: string, message: string];

function listLogger() {
  const lines: Line[] = [];
  const at = (level: string) => (_event: EvenkeelEvent, message: string) => void lines.push([level, message]);
  return { lines, info: at('info'), warn: at('warn'), error: at('error') };
}

const logged = (lines: readonly Line[], level: string, message: RegExp) =>
  eventually(`${level} ${message}`, () => lines.some(([at, text]) => at === level && message.test(text)));

function start(rig: Rig, options: Parameters<typeof startManager>[0] = {}) {
  return startManager({ cwd: rig.dir, env: rig.env(), ...options });
}

/** What a promise is rejected with. */
async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => null,
    (error: unknown) => error,
  );
}

test('an error shows by its own name', () => {
  expect(inspect(new EvenkeelError('NO_MANAGER', 'none')).split('\n')[0]).toBe('EvenkeelError: none');
});

describe('row 25: startManager', () => {
  test('one call brings everything up, tells what happens, and gives a client', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: server('http', port) } });
    const logger = listLogger();
    const events: EvenkeelEvent[] = [];
    const evenkeel = await start(rig, { logger, onEvent: (event) => events.push(event) });
    const { manager, apps } = await evenkeel.status();
    expect(apps).toMatchObject([{ name: 'web', state: 'online', ready: 2 }]);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
    expect(events.filter(({ type }) => type === 'worker-ready')).toHaveLength(2);
    await logged(logger.lines, 'info', /^manager started \(pid \d+/);
    await logged(logger.lines, 'info', /^web: online \(was starting\)/);

    // The CLI and a second call find the same manager.
    expect((await rig.status()).manager.pid).toBe(manager.pid);
    const again = await start(rig);
    expect((await again.version()).pid).toBe(manager.pid);

    await evenkeel.stop();
    expect(isAlive(manager.pid)).toBe(false);
    expect(await failure(again.status())).toMatchObject({ code: 'NO_MANAGER' });
  });

  test('its logger is told of crashes, and also by the next manager', LONG, async () => {
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() } }) } });
    const logger = listLogger();
    const evenkeel = await start(rig, { logger });
    const worker = await rig.puppets.next();
    await worker.exit(3);
    await logged(logger.lines, 'error', /^web: worker 0 exited with code 3/);
    await rig.kill9((await evenkeel.version()).pid);
    await start(rig);
    await logged(logger.lines, 'info', /^web: cluster process adopted/);
    const messages = logger.lines.map(([, message]) => message);
    expect(messages.filter((message) => /exited with code 3/.test(message))).toHaveLength(1);
  });

  test('a manager that is killed at this very moment is followed by a new one', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    const { pid } = await (await start(rig)).version();
    killHard(pid);
    const evenkeel = await start(rig);
    expect((await evenkeel.version()).pid).not.toBe(pid);
    expect((await evenkeel.status()).apps).toMatchObject([{ state: 'online', generation: 1 }]);
  });

  test('some of the apps, or none, and a profile', async () => {
    await using rig = await createRig({
      profiles: { big: { apps: { web: { workers: 3 } } } },
      apps: {
        web: server('http', await freePort()),
        api: server('http', await freePort(), { workers: 1 }),
      },
    });
    const evenkeel = await start(rig, { apps: [], profile: 'big' });
    expect((await evenkeel.status()).apps.map(({ state }) => state)).toEqual(['stopped', 'stopped']);
    await evenkeel.start('web');
    expect((await evenkeel.status()).apps).toMatchObject([{ desired: 3, ready: 3 }, { state: 'stopped' }]);
  });

  test('leaves stopped what was stopped by name, when it starts the manager', LONG, async () => {
    await using rig = await createRig({
      apps: { web: server('http', await freePort()), api: server('http', await freePort()) },
    });
    const states = async () => (await rig.status()).apps.map(({ state }) => state);
    await (await start(rig)).stop('api');
    await rig.kill9((await rig.status()).manager.pid);
    const evenkeel = await start(rig);
    expect(await states()).toEqual(['online', 'stopped']);
    await evenkeel.stop();
    await start(rig, { apps: ['api'] });
    expect(await states()).toEqual(['stopped', 'online']);
  });

  test('an app that does not come up: an OperationError with its last lines; the others run', async () => {
    await using rig = await createRig({
      apps: { web: server('http', await freePort()), bad: { script: fixture('throws-at-boot.mjs'), workers: 1 } },
    });
    const error = await failure(start(rig));
    expect(error).toBeInstanceOf(OperationError);
    expect(error).toBeInstanceOf(EvenkeelError);
    expect(error).toMatchObject({ code: 'OPERATION_FAILED', message: expect.stringMatching(/^bad: start failed: /) });
    const { result } = error as { result: OperationResult };
    const bad = result.apps.find(({ app }) => app === 'bad');
    expect(bad?.failure?.lastLines.join('\n')).toContain('settings.json has no key "database"');
    expect((await rig.app('web')).state).toBe('online');
  });

  for (const [rows, tier] of tiers([
    ['CONFIG_INVALID', 'apps: { web: { scrip: a.js } }', {}],
    ['NO_SUCH_APP', 'apps: { web: { command: [sleep, "9"] } }', { apps: ['wbe'] }],
    ['NO_CONFIG', 'apps: {}', { config: 'elsewhere.yaml' }],
  ]))
    test.each(rows)('%s: nothing is started', tier, async (code, configText, options) => {
      await using rig = await createRig({ configText });
      const error = await failure(start(rig, options));
      expect(error).toBeInstanceOf(EvenkeelError);
      expect(error).toMatchObject({ code });
      const misspelt = { path: 'apps.web.scrip', line: 1, hint: expect.stringContaining('script') };
      if (code === 'CONFIG_INVALID')
        expect(error).toMatchObject({ problems: expect.arrayContaining([expect.objectContaining(misspelt)]) });
      if (code === 'NO_CONFIG')
        expect(error).toMatchObject({ hint: expect.stringMatching(/^Look at the option `config` /) });
      expect(await failure(connect({ cwd: rig.dir }))).toMatchObject({ code: 'NO_MANAGER' });
    });

  test('two programs at once: one manager', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    const clients = await Promise.all([start(rig), start(rig)]);
    const pids = await Promise.all(clients.map(async (client) => (await client.version()).pid));
    expect(pids[0]).toBe(pids[1]);
    expect(await rig.app('web')).toMatchObject({ generation: 1, ready: 2 });
  });
});

describe('row 26: connect', () => {
  test('finds the manager by folder, by config and by state directory; else NO_MANAGER', async () => {
    await using rig = await createRig({
      stateDir: 'state',
      apps: { web: server('http', await freePort(), { workers: 1 }) },
      files: { 'inner/file': '' },
    });
    expect(await failure(connect({ cwd: rig.dir }))).toMatchObject({ code: 'NO_MANAGER' });
    expect(await failure(connect({ cwd: '/' }))).toMatchObject({ code: 'NO_CONFIG' });
    const { pid } = await (await start(rig)).version();
    for (const options of [
      { cwd: rig.path('inner') },
      { cwd: '/', config: rig.path('evenkeel.config.yaml') },
      { stateDir: rig.path('state') },
    ]) {
      expect((await (await connect(options)).version()).pid).toBe(pid);
    }
    await (await connect({ stateDir: rig.path('state') })).stop();
  });

  test('does what the CLI does', async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: {
        web: server('http', port, { workers: 1 }),
        job: { script: fixture('worker.mjs'), ready: { on: 'message' } },
      },
    });
    await rig.run('start');
    const evenkeel = await connect({ cwd: rig.dir });
    expect(await evenkeel.plan()).toMatchObject({ changes: [{ action: 'none' }, { action: 'none' }] });

    rig.editApp('web', { stop: { timeout: '5s' } });
    expect((await evenkeel.reload()).apps).toMatchObject([{ app: 'web', action: 'live' }, { action: 'none' }]);
    expect((await evenkeel.scale('web', 2)).apps).toMatchObject([{ message: 'workers 1 → 2' }]);

    const load = rig.load({ port, clients: 4 });
    const deployed = await evenkeel.deploy('web', { env: { VERSION: '2', NONE: undefined }, timeout: '1m' });
    expect(deployed.apps).toMatchObject([{ deploy: { generation: 2, outcome: 'done', loss: { cut: 0 } } }]);
    await load.sees('2');
    await evenkeel.rollback('web', { timeout: 60_000 });
    await load.sees('1');
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    expect((await evenkeel.deployAll({ wait: false })).apps).toMatchObject([
      { message: 'accepted' },
      { message: 'accepted' },
    ]);
    await rig.appWhere('job', 'is deployed', ({ generation, deploy }) => generation === 2 && deploy === null);
    await rig.appWhere('web', 'is deployed', ({ generation, deploy }) => generation === 4 && deploy === null);

    const history = await evenkeel.history('web', { showEnv: true });
    expect(history.generations.map(({ generation }) => generation)).toEqual([1, 2, 3, 4]);
    expect(history.generations[1]?.pinned?.spec.env).toMatchObject({ VERSION: '2' });

    await evenkeel.scale('web', 3);
    expect((await evenkeel.signal('web', 'cont')).apps).toMatchObject([{ message: 'SIGCONT sent to 3 workers' }]);
    expect((await evenkeel.send('web', { level: 'debug' })).apps[0]?.workers).toMatchObject(
      [0, 1, 2].map((slot) => ({ slot, problem: null })),
    );
    await evenkeel.restart('web');
    await evenkeel.stop(['job']);
    expect((await evenkeel.status('job')).apps).toMatchObject([{ state: 'stopped' }]);
    await evenkeel.start('job');
    expect((await evenkeel.status('job')).apps).toMatchObject([{ state: 'online' }]);
    await evenkeel.stop(undefined, { timeout: '5s' });
    expect((await rig.cli('status')).code).toBe(3);
  });

  test('a deploy that fails is an error that says why; one under way can be aborted', async () => {
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() } }) } });
    const evenkeel = await start(rig);
    await rig.puppets.next();
    const failed = failure(evenkeel.deploy('web', { env: { PORT: '' } }));
    await (await rig.puppets.next()).exit(1);
    expect(await failed).toMatchObject({
      ...{ name: 'OperationError', code: 'OPERATION_FAILED' },
      message: expect.stringContaining('worker 0 exited with code 1 before it was ready'),
      result: { apps: [{ deploy: { outcome: 'failed' } }] },
    });
    const late = failure(evenkeel.deploy('web', { env: { PORT: '' }, timeout: '200ms' }));
    expect(await late).toMatchObject({ code: 'TIMED_OUT', exitCode: 4 });

    const aborted = failure(evenkeel.deploy(['web'], { env: { PORT: '' } }));
    await rig.appWhere('web', 'is deployed', ({ deploy }) => deploy?.phase === 'booting');
    expect(await failure(evenkeel.deploy('web'))).toMatchObject({ code: 'DEPLOY_IN_PROGRESS' });
    await evenkeel.abort('web');
    expect(await aborted).toMatchObject({ result: { apps: [{ deploy: { outcome: 'aborted' } }] } });
    expect(await rig.app('web')).toMatchObject({ generation: 1, ready: 1 });
  });

  test('a signal ends the waiting and not the deploy', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port } }) } });
    const evenkeel = await start(rig);
    await rig.puppets.next();
    const leave = new AbortController();
    const events: EvenkeelEvent[] = [];
    const onEvent = (event: EvenkeelEvent): void => void events.push(event);
    const waiting = failure(evenkeel.deploy('web', { env: { PORT: '' }, signal: leave.signal, onEvent }));
    const next = await rig.puppets.next();
    leave.abort(new Error('enough'));
    expect(await waiting).toMatchObject({ message: 'enough' });
    expect(events).not.toEqual([]);
    await next.listen(port);
    await rig.appWhere('web', 'serves the new generation', ({ generation }) => generation === 2);
  });

  for (const [rows, tier] of tiers([
    ['a duration that is none', 'BAD_USAGE', (client: Client) => client.deploy('web', { timeout: 'soon' })],
    ['an app that there is not', 'NO_SUCH_APP', (client: Client) => client.restart('wbe')],
    ['a signal that there is not', 'BAD_USAGE', (client: Client) => client.signal('web', 'SIGFOO')],
    ['a number of workers that is none', 'BAD_USAGE', (client: Client) => client.scale('web', 0.5)],
    ['a generation that there is not', 'NO_SUCH_GENERATION', (client: Client) => client.rollback('web', { to: 99 })],
    ['no deploy to abort', 'NO_DEPLOY', (client: Client) => client.abort('web')],
  ]))
    test.each(rows)('%s: %s', tier, async (_name, code, call) => {
      await using rig = await createRig({ apps: { web: server('http', await freePort(), { workers: 1 }) } });
      const error = await failure(Promise.resolve().then(async () => call(await start(rig))));
      expect(error).toBeInstanceOf(EvenkeelError);
      expect(error).toMatchObject({ code });
    });
});

type Client = Awaited<ReturnType<typeof connect>>;

describe('what goes on', () => {
  test('events as they happen, and past ones', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort(), { workers: 1 }) } });
    const evenkeel = await start(rig);
    const types = [];
    for await (const event of evenkeel.events({ last: 1 })) {
      types.push(event.type);
      // With the past one the stream is there: what is done now is seen.
      if (types.length === 1) void evenkeel.scale('web', 2);
      if (event.type === 'worker-ready') break;
    }
    expect(types.slice(1)).toEqual(expect.arrayContaining(['scaled', 'worker-started', 'worker-ready']));

    const past = [];
    for await (const event of evenkeel.events({ last: 1000, follow: false })) past.push(event.type);
    expect(past.slice(0, 2)).toEqual(['manager-started', 'cluster-started']);
    expect(past).toContain('worker-ready');
  });

  test('logs: the last lines, then each that comes', async () => {
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() } }) } });
    const evenkeel = await start(rig);
    const worker = await rig.puppets.next();
    await worker.print('one\ntwo\nthree\n');
    await worker.print('oops\n', 'stderr');
    const last = async (options: object): Promise<readonly string[]> => {
      const lines = [];
      for await (const { line } of evenkeel.logs('web', { follow: false, ...options })) lines.push(line);
      return lines;
    };
    await eventually('all lines', async () => (await last({})).length === 4);
    expect(await last({ last: 2, stream: 'stdout' })).toEqual(['two', 'three']);
    const seen = [];
    for await (const entry of evenkeel.logs('web', { last: 1, stream: 'stdout' })) {
      seen.push(entry);
      if (entry.line === 'three') void worker.print('four\n');
      if (entry.line === 'four') break;
    }
    const of = { app: 'web', slot: 0, stream: 'stdout' };
    expect(seen).toEqual([
      { ...of, line: 'three' },
      { ...of, line: 'four' },
    ]);
  });
});
