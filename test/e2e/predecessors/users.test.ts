// Row 29: low ports without authbind: the manager is root and opens them, the app is not and serves them.
//
// @module-tag more

import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, readdirSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { describe, expect, type TestContext, test } from 'vitest';
import { server } from '../../support/apps.ts';
import { CLI, NODE } from '../../support/cli-process.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { needsLinux, needsUser } from '../../support/needs.ts';
import { createRig, fixture, type Rig } from '../../support/rig.ts';
import { LONG } from '../../support/tiers.ts';

const NOBODY = { name: 'nobody', uid: 65_534, gid: 65_534 };
const AGENT = CLI.replace(/cli\/main\.cjs$/, 'agent/main.cjs');

function needsToBecomeNobody(context: TestContext): void {
  needsLinux(context);
  needsUser(context, NOBODY.uid, AGENT, fixture('identity.mjs'), NODE);
}

/** A port that only root may open, and nobody has. */
async function freeLowPort(): Promise<number> {
  for (let port = 1023; port > 512; port -= 1) if (await isFree(port)) return port;
  throw new Error('No low port is free');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, () => probe.close(() => resolve(true)));
  });
}

const identity = (address: number | string, overrides: object = {}) => ({
  ...{ script: fixture('identity.mjs'), workers: 1, user: 'nobody', listen: [address] },
  ...{ env: { PORT: address }, deploy: { settle: '100ms' } },
  ...overrides,
});

describe('row 29: a user', () => {
  test('serves a low port that root has opened, with no group of root, and its own name and home', async (context) => {
    needsToBecomeNobody(context);
    const port = await freeLowPort();
    await using rig = await createRig({
      apps: { web: identity(port, { env: { PORT: port, SECRET: { file: 'secret' }, SECRET_FILE: 'secret' } }) },
      files: { secret: 'for your eyes only\n' },
    });
    chmodSync(rig.path('secret'), 0o400);
    await rig.run('start');
    const answer = await (await fetch(`http://127.0.0.1:${port}/`)).json();
    expect(answer).toMatchObject({ uid: NOBODY.uid, gid: NOBODY.gid });
    expect(answer).toMatchObject({ env: { HOME: '/nonexistent', USER: 'nobody', LOGNAME: 'nobody' } });
    expect(answer).not.toHaveProperty('env.SHELL');
    expect(new Set([NOBODY.gid, ...(answer as { groups: number[] }).groups])).toEqual(new Set([NOBODY.gid]));
    // Root reads the file, the app gets what is in it.
    expect(answer).toMatchObject({ secret: { value: 'for your eyes only', readable: false } });
  });

  test('may be anybody, with one group of its own: also for programs that are not Node', async (context) => {
    needsToBecomeNobody(context);
    await using rig = await createRig({
      apps: {
        any: {
          ...{ command: ['/bin/sh', '-c', 'id -u; id -g; id -G; exec sleep 600'], workers: 1 },
          ...{ listen: [await freeLowPort()], user: '4321:nogroup', ready: { on: 'log', pattern: '^65534$' } },
        },
      },
    });
    await rig.run('start');
    const ids = await eventually('the log has all three', () => {
      const lines = existsSync(rig.path('logs/any.out.log')) ? rig.read('logs/any.out.log').trim().split('\n') : [];
      return lines.length === 3 && lines;
    });
    expect(ids).toEqual(['4321', '65534', '65534']);
  });

  test('runs the hooks, too', async (context) => {
    needsToBecomeNobody(context);
    const before = [['/bin/sh', '-c', 'id -u; id -G; echo $HOME']];
    await using rig = await createRig({
      apps: { web: identity(await freePort(), { deploy: { before, settle: '100ms' } }) },
    });
    await rig.run('start');
    const { stdout } = await rig.run('events', '-n', '50');
    for (const line of ['65534', '/nonexistent']) expect(stdout).toContain(`] ${line}\n`);
  });

  test('may read its logs and not change them, rotated ones as well', LONG, async (context) => {
    needsToBecomeNobody(context);
    const logs = { stdout: 'logs/web.log', schedule: '* * * * * *' };
    await using rig = await createRig({ apps: { web: identity(await freePort(), { logs }) } });
    await rig.run('start');
    await rig.appWhere('web', 'a log is rotated', () => {
      return existsSync(rig.path('logs')) && readdirSync(rig.path('logs')).some((file) => file.endsWith('.gz'));
    });
    for (const file of readdirSync(rig.path('logs'))) {
      const { uid, gid, mode } = statSync(rig.path('logs', file));
      expect({ file, uid, gid, mode: mode & 0o777 }).toEqual({ file, uid: 0, gid: NOBODY.gid, mode: 0o640 });
    }
  });

  test('owns its unix socket, together with its group', LONG, async (context) => {
    needsToBecomeNobody(context);
    await using rig = await createRig({ apps: { web: identity('./web.sock') } });
    await rig.run('start');
    const { uid, gid, mode } = statSync(rig.path('web.sock'));
    expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: NOBODY.uid, gid: NOBODY.gid, mode: 0o660 });
    expect(await askUnix(rig.path('web.sock'))).toMatchObject({ uid: NOBODY.uid });
    rig.editApp('web', { user: '4321:4322' });
    await rig.run('reload');
    expect(statSync(rig.path('web.sock'))).toMatchObject({ uid: 4321, gid: 4322 });
    expect(await askUnix(rig.path('web.sock'))).toMatchObject({ uid: 4321, gid: 4322 });
  });

  test('loses no request by deploys, nor when its cluster process is killed', async (context) => {
    needsToBecomeNobody(context);
    const port = await freePort();
    await using rig = await createRig({ apps: { web: server('http', port, { listen: [port], user: 'nobody' }) } });
    await rig.run('start');
    const load = rig.load({ port, clients: 12 });
    await rig.run('deploy', 'web');
    await load.more(100);
    const { clusterPid, workers } = await rig.app('web');
    const before = workers.map(({ pid }) => pid);
    await rig.kill9(clusterPid ?? 0);
    await rig.appWhere('web', 'has workers of its own again', (app) => {
      return (
        app.state === 'online' && app.workers.every(({ pid, state }) => state === 'ready' && !before.includes(pid))
      );
    });
    await load.more(100);
    const { failed, failures } = await load.stop();
    expect({ failed, failures }).toEqual({ failed: 0, failures: [] });
    // Where its workers looked for the next cluster process, as those of other tests may just now.
    await eventually('nothing is left in /run', () => !existsSync('/run/evenkeel'));
  });
});

describe('row 29: a user is refused', () => {
  const config = (user: string): string =>
    `apps:\n  web:\n    script: a.mjs\n    listen: [{PORT}]\n    user: ${user}\n`;

  async function rigFor(user: string): Promise<Rig> {
    const configText = config(user).replace('{PORT}', `${await freePort()}`);
    return createRig({ configText, files: { 'a.mjs': '' } });
  }

  test('where the machine does not know it', async () => {
    await using rig = await rigFor('no-such-user-here');
    const { code, stdout } = await rig.cli('check');
    expect(code).toBe(2);
    expect(stdout).toContain('evenkeel.config.yaml:5:11: apps.web.user: the user "no-such-user-here" does not exist');
  });

  test('where evenkeel is not root; then nothing is started', async (context) => {
    needsToBecomeNobody(context);
    await using rig = await rigFor('root');
    chownSync(rig.dir, NOBODY.uid, NOBODY.gid);
    const { status, stderr } = spawnSync(NODE, [CLI, 'start'], {
      ...{ cwd: rig.dir, env: rig.env({ HOME: rig.dir }), uid: NOBODY.uid, gid: NOBODY.gid, encoding: 'utf8' },
    });
    expect(stderr).toContain(
      'evenkeel.config.yaml:5:11: apps.web.user: cannot run as root: evenkeel does not run as root',
    );
    expect(stderr).toContain('hint: Start the manager as root, or remove `user`.');
    expect(status).toBe(2);
    expect(existsSync(rig.state.managerPid)).toBe(false);
  });
});

function askUnix(socketPath: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath }, (response) => {
      response.setEncoding('utf8').once('data', (text: string) => resolve(JSON.parse(text)));
    });
    asked.on('error', reject).end();
  });
}
