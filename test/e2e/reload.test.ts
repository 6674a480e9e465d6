// `plan` and `reload`: exactly what differs between the file and what runs is changed, and nothing else (P3, P4).

import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/core/plan.ts';
import type { OperationResult } from '../../src/protocol/control-api.ts';
import { puppet, server } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { isAlive } from '../support/process-table.ts';
import { createRig, fixture, type Rig } from '../support/rig.ts';
import { seenBy } from '../support/seen-by.ts';
import { LONG, MORE, tiers } from '../support/tiers.ts';

describe('plan', () => {
  test('names each change with its reason, and changes nothing', async () => {
    await using rig = await createShop();
    const before = await rig.status();
    editShop(rig, await freePort());
    const plan = await rig.json<Plan>('plan');
    expect(plan.changes.map(({ app, action }) => [app, action])).toEqual([
      ['web', 'deploy'],
      ['api', 'scale'],
      ['same', 'none'],
      ['extra', 'start'],
      ['old', 'stop'],
    ]);
    expect(plan.changes.find(({ app }) => app === 'web')?.reasons).toEqual(['env.VERSION changed']);
    expect(plan.changes.find(({ app }) => app === 'api')?.reasons).toEqual(['workers 1 → 2']);
    const { stdout } = await rig.run('plan');
    expect(stdout).toMatch(/env\.VERSION changed/);
    expect(await workerPids(rig)).toEqual(pidsOf(before));
  });

  test('never shows a value of env', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: server('http', port, { env: { TOKEN: 'first-secret' } }) } });
    await rig.run('start');
    rig.editEnv('web', { TOKEN: 'second-secret' });
    const outputs = [await rig.run('plan'), await rig.run('plan', '--json'), await rig.run('reload')];
    outputs.push(
      await rig.run('events', '--json'),
      await rig.run('history', 'web'),
      await rig.run('history', 'web', '--json'),
    );
    for (const { stdout, stderr } of outputs) expect(stdout + stderr).not.toMatch(/secret/);
  });
});

describe('reload', () => {
  test('changes what has changed and leaves the rest alone; a second one has nothing to do', async () => {
    await using rig = await createShop();
    const before = pidsOf(await rig.status());
    editShop(rig, await freePort());
    const result = await rig.json<OperationResult>('reload');
    expect(result).toMatchObject({ ok: true });
    const after = await workerPids(rig);
    expect(after.same).toEqual(before.same);
    expect(after.api?.slice(0, 1)).toEqual(before.api);
    expect(after.api).toHaveLength(2);
    for (const pid of before.web ?? []) expect(after.web).not.toContain(pid);
    expect(after.extra).toHaveLength(1);
    expect(after.old).toBeUndefined();
    for (const pid of before.old ?? []) expect(isAlive(pid ?? 0)).toBe(false);
    expect((await rig.app('web')).generation).toBe(2);

    const again = await rig.json<OperationResult>('reload');
    expect(again.apps.filter(({ action }) => action !== 'none')).toEqual([]);
    expect((await rig.run('reload')).stdout).toMatch(/nothing to do/i);
    expect(await workerPids(rig)).toEqual(after);
  });

  test('starts only the difference of a worker count, and retires only the difference', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    const two = await rig.pids('web');
    rig.editApp('web', { workers: 4 });
    await rig.run('reload');
    const four = await rig.pids('web');
    expect(four.slice(0, 2)).toEqual(two);
    expect(new Set(four).size).toBe(4);
    rig.editApp('web', { workers: 1 });
    await rig.run('reload');
    expect(await rig.pids('web')).toEqual(two.slice(0, 1));
    expect((await rig.app('web')).generation).toBe(1);
  });

  test('removes a variable that the file no longer has', async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: { web: server('environment', port, { env: { GONE: 'soon', STAYS: 'yes' } }) },
    });
    await rig.run('start');
    expect((await seenBy(port)).env).toMatchObject({ GONE: 'soon', STAYS: 'yes' });
    rig.editEnv('web', { GONE: undefined });
    await rig.run('reload');
    const { env } = await seenBy(port);
    expect(env.STAYS).toBe('yes');
    expect(env).not.toHaveProperty('GONE');
  });

  test('runs a changed script', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: server('http', port) } });
    await rig.run('start');
    rig.editApp('web', { script: fixture('environment.mjs') });
    await rig.run('reload');
    expect((await seenBy(port)).argv[1]).toBe(fixture('environment.mjs'));
  });

  test('runs in a changed folder', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: { web: server('environment', port, { cwd: 'one' }) },
      files: { 'one/readme.txt': '', 'two/readme.txt': '' },
    });
    await rig.run('start');
    expect((await seenBy(port)).cwd).toBe(rig.path('one'));
    rig.editApp('web', { cwd: 'two' });
    await rig.run('reload');
    expect((await seenBy(port)).cwd).toBe(rig.path('two'));
  });

  test('moves the log to a changed path without touching a worker', async () => {
    await using rig = await createRig({
      apps: { web: puppet({ env: { PORT: await freePort() }, logs: { stdout: 'logs/one.log' } }) },
    });
    await rig.run('start');
    const worker = await rig.puppets.next();
    await worker.print('to the first\n');
    await eventually(
      'the first file has the line',
      () => existsSync(rig.path('logs/one.log')) && rig.read('logs/one.log') !== '',
    );
    rig.editApp('web', { logs: { stdout: 'logs/two.log' } });
    await rig.run('reload');
    await worker.print('to the second\n');
    await eventually(
      'the second file has the line',
      () => existsSync(rig.path('logs/two.log')) && rig.read('logs/two.log') !== '',
    );
    expect(rig.read('logs/one.log')).toBe('to the first\n');
    expect(rig.read('logs/two.log')).toBe('to the second\n');
    expect(worker.isRunning).toBe(true);
  });

  test('goes by a changed cron schedule from then on', async () => {
    await using rig = await createRig({
      apps: { web: server('http', await freePort(), { restart: { schedule: '0 0 29 2 *' } }) },
    });
    await rig.run('start');
    const pids = await rig.pids('web');
    const events = await rig.events();
    rig.editApp('web', { restart: { schedule: '* * * * * *' } });
    await rig.run('reload');
    const replaced = await events.waitFor('worker-draining');
    expect(replaced.reason).toMatch(/schedule/);
    expect(pids).toContain(replaced.pid);
  });

  test('applies timeouts, restart, health and log settings without touching a worker', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    const pids = await rig.pids('web');
    rig.editApp('web', {
      ready: { on: 'listening', timeout: '7s' },
      stop: { timeout: '9s' },
      restart: { limit: 5, memory: '900M' },
      health: { http: '/', interval: '30s' },
      logs: { maxSize: '5M', keep: 3, onSlow: 'drop' },
      deploy: { settle: '50ms', strategy: 'rolling' },
    });
    const plan = await rig.json<Plan>('plan');
    expect(plan.changes).toMatchObject([{ app: 'web', action: 'live' }]);
    await rig.run('reload');
    expect(await rig.pids('web')).toEqual(pids);
    expect((await rig.app('web')).generation).toBe(1);
    expect((await rig.json<Plan>('plan')).changes).toMatchObject([{ action: 'none' }]);
  });

  for (const [rows, tier] of tiers([
    ['backoff', {}, 'it is tried again'],
    ['failed', { limit: 1 }, 'it is not tried again'],
  ]))
    test.each(rows)(
      'where an app that should run is in %s: exit 1, and what is known of it',
      tier,
      async (state, restart, next) => {
        const port = await freePort();
        await using rig = await createRig({
          apps: {
            web: server('http', port, { dependsOn: ['bad'] }),
            bad: {
              script: 'bad.mjs',
              workers: 1,
              ready: { on: 'message' },
              restart: { maxDelay: '1h', minDelay: '20m', ...restart },
            },
          },
          files: { 'bad.mjs': 'process.send("ready"); setInterval(() => {}, 1000);' },
        });
        await rig.run('start');
        rig.write('bad.mjs', 'throw new Error("boom");');
        await rig.kill9((await rig.pids('bad'))[0] ?? 0);
        await rig.appWhere('bad', `is in ${state}`, (app) => app.state === state);
        const { code, stdout, stderr } = await rig.cli('reload');
        expect(code).toBe(1);
        expect(stdout).toMatch(new RegExp(`^✗ bad  does not run \\(${state}\\): worker 0 .*; ${next}.*\\n$`));
        expect(stderr).toMatch(/^bad: does not run /m);
        // What depends on it is brought up to date all the same.
        rig.editEnv('web', { VERSION: '2' });
        const result = JSON.parse((await rig.cli('reload', '--json')).stdout) as OperationResult;
        expect(result.apps).toMatchObject([
          { app: 'web', action: 'deploy', ok: true },
          { app: 'bad', action: 'none', ok: false, failure: { slot: 0 } },
        ]);
      },
    );

  test('with one app that fails: that one is as before, the others are reconciled, exit 1', async () => {
    await using rig = await createRig({
      apps: { web: server('http', await freePort()), api: server('http', await freePort()) },
    });
    await rig.run('start');
    const webPids = await rig.pids('web');
    rig.editApp('web', { script: fixture('throws-at-boot.mjs') });
    rig.editEnv('api', { VERSION: '2' });
    const { code, stdout, stderr } = await rig.cli('reload', '--json');
    expect(code).toBe(1);
    const { ok, apps } = JSON.parse(stdout) as OperationResult;
    expect(ok).toBe(false);
    expect(apps).toMatchObject([
      { app: 'web', action: 'deploy', ok: false },
      { app: 'api', action: 'deploy', ok: true },
    ]);
    expect(apps[0]?.failure?.lastLines.join('\n')).toMatch(/has no key "database"/);
    expect(stderr).not.toMatch(/Internal error/);
    expect(await rig.pids('web')).toEqual(webPids);
    expect(await rig.app('api')).toMatchObject({ state: 'online', generation: 2 });
  });

  test('undoes a scale by hand, which plan shows as drift', LONG, async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    const pids = await rig.pids('web');
    await rig.run('scale', 'web=3');
    expect(await rig.app('web')).toMatchObject({ desired: 3, ready: 3, drift: true });
    expect((await rig.json<Plan>('plan')).changes).toMatchObject([{ app: 'web', action: 'scale' }]);
    await rig.run('reload');
    expect(await rig.app('web')).toMatchObject({ desired: 2, ready: 2, drift: false });
    expect(await rig.pids('web')).toEqual(pids);
  });

  test('of two apps that swap their declared ports: no request is lost, and each serves on its own', LONG, async () => {
    const [one, two] = [await freePort(), await freePort()];
    const app = (name: string, port: number) => server('http', port, { listen: [port], env: { VERSION: name } });
    await using rig = await createRig({ apps: { web: app('web', one), api: app('api', two) } });
    await rig.run('start');
    const loads = [one, two].map((port) => rig.load({ port, clients: 2, mode: 'close' }));
    for (const load of loads) await load.more(20);
    for (const [name, port] of [
      ['web', two],
      ['api', one],
    ] as const) {
      rig.editApp(name, { listen: [port] });
      rig.editEnv(name, { PORT: `${port}` });
    }
    expect((await rig.run('plan')).stdout).toContain(`takes ${two} from api`);
    const { stderr } = await rig.run('reload');
    expect(stderr).not.toContain('restart');
    for (const load of loads) {
      await load.more(50);
      expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    }
    for (let round = 0; round < 5; round += 1) {
      expect(await Promise.all([one, two].map(async (port) => (await seenBy(port)).version))).toEqual(['api', 'web']);
    }
    expect((await rig.json<Plan>('plan')).changes.map(({ action }) => action)).toEqual(['none', 'none']);
  });

  test('of a declared port that goes from one app to another: no request is lost', LONG, async () => {
    const [one, two] = [await freePort(), await freePort()];
    await using rig = await createRig({
      apps: { web: server('http', one, { listen: [one] }), api: server('http', two, { env: { VERSION: '2' } }) },
    });
    await rig.run('start');
    const load = rig.load({ port: one, clients: 2, mode: 'close' });
    await load.more(20);
    rig.editApp('web', { listen: [] });
    rig.editEnv('web', { PORT: `${await freePort()}` });
    rig.editApp('api', { listen: [one] });
    rig.editEnv('api', { PORT: `${one}` });
    await rig.run('reload');
    await load.sees('2');
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
  });

  test(
    'of a port that is declared no more, and that the app still uses, says what to do; that does it',
    LONG,
    async () => {
      const port = await freePort();
      await using rig = await createRig({ apps: { web: server('http', port, { listen: [port] }) } });
      await rig.run('start');
      rig.editApp('web', { listen: [] });
      const { code, stdout, stderr } = await rig.cli('reload');
      expect({ code, advice: `${stdout}${stderr}`.includes('`evenkeel restart web`') }).toEqual({
        code: 1,
        advice: true,
      });
      expect((await seenBy(port)).version).toBe('1');
      await rig.run('restart', 'web');
      expect((await seenBy(port)).version).toBe('1');
      expect((await rig.json<Plan>('plan')).changes.map(({ action }) => action)).toEqual(['none']);
    },
  );

  test('exits 3 when no manager runs', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    expect((await rig.cli('reload')).code).toBe(3);
  });

  test('of a profile goes by the profile that was started', async () => {
    await using rig = await createRig({
      apps: { web: server('http', await freePort()) },
      profiles: { production: { apps: { web: { workers: 3 } } } },
    });
    await rig.run('start', '--profile', 'production');
    expect((await rig.app('web')).desired).toBe(3);
    await rig.run('reload');
    expect((await rig.app('web')).desired).toBe(3);
  });

  test(
    'switches to another profile, or to none, and stays with it; one that is not there changes nothing',
    MORE,
    async () => {
      await using rig = await createRig({
        apps: { web: server('http', await freePort()) },
        profiles: { small: { apps: { web: { workers: 1 } } }, large: { apps: { web: { workers: 3 } } } },
      });
      await rig.run('start', '--profile', 'small');
      expect((await rig.run('plan', '--profile', 'large')).stdout).toMatch(/workers 1 → 3/);
      expect((await rig.run('reload', '--profile', 'large')).stdout).toMatch(/with profile large from now on/);
      expect(await rig.app('web')).toMatchObject({ desired: 3, ready: 3 });
      await rig.run('reload');
      expect((await rig.cli('reload', '--profile', 'huge')).code).toBe(2);
      expect((await rig.status()).manager.profile).toBe('large');
      expect((await rig.app('web')).desired).toBe(3);
      await rig.run('reload', '--profile', '');
      expect((await rig.app('web')).desired).toBe(2);
      expect((await rig.run('status')).stdout).not.toMatch(/profile/);
    },
  );

  test('a manager that is started with another profile than the one that died says so', LONG, async () => {
    await using rig = await createRig({
      apps: { web: server('http', await freePort()) },
      profiles: { large: { apps: { web: { workers: 3 } } } },
    });
    await rig.run('start', '--profile', 'large');
    await rig.kill9((await rig.status()).manager.pid);
    const { stdout } = await rig.run('start');
    expect(stdout).toContain('ran with profile large, and this one runs without a profile');
    expect((await rig.app('web')).desired).toBe(3);
    expect((await rig.run('start')).stdout).not.toContain('profile');
    await rig.run('reload', '--profile', 'large');
    expect((await rig.run('plan')).stdout).not.toMatch(/workers/);
  });
});

type PidsByApp = Readonly<Record<string, readonly (number | null)[]>>;

/** web, api, same and old. */
async function createShop(): Promise<Rig> {
  const rig = await createRig({
    apps: {
      web: server('http', await freePort()),
      api: server('http', await freePort(), { workers: 1 }),
      same: server('http', await freePort(), { workers: 1 }),
      old: server('http', await freePort(), { workers: 1 }),
    },
  });
  await rig.run('start');
  return rig;
}

/** A variable of web, the worker count of api, an app more, an app less. */
function editShop(rig: Rig, port: number): void {
  rig.editEnv('web', { VERSION: '2' });
  rig.editApp('api', { workers: 2 });
  rig.removeApp('old');
  rig.editApp('extra', server('http', port, { workers: 1 }));
}

async function workerPids(rig: Rig): Promise<PidsByApp> {
  return pidsOf(await rig.status());
}

function pidsOf(status: Awaited<ReturnType<Rig['status']>>): PidsByApp {
  return Object.fromEntries(status.apps.map(({ name, workers }) => [name, workers.map(({ pid }) => pid)]));
}
