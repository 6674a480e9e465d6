// What SECURITY.md says of directories, files, sockets, names and hostile input, with the built programs.
//
// @module-tag more

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { askApi } from '../support/api-client.ts';
import { server } from '../support/apps.ts';
import { CLI, NODE } from '../support/cli-process.ts';
import { freePort } from '../support/free-port.ts';
import { needsLinux, needsRoot } from '../support/needs.ts';
import { type AppConfig, createRig, fixture, type Rig } from '../support/rig.ts';
import { LONG, tiers } from '../support/tiers.ts';

const NOBODY = 65_534;

async function rigWithWeb(more: { readonly nested?: string } = {}): Promise<Rig> {
  return createRig({ apps: { web: server('http', await freePort(), { workers: 1 }) }, ...more });
}

function modeOf(path: string): string {
  return (lstatSync(path).mode & 0o777).toString(8);
}

function makeDir(dir: string, mode: number): string {
  mkdirSync(dir, { recursive: true });
  chmodSync(dir, mode);
  return dir;
}

describe('the state directory', () => {
  test('is its owner’s alone under a umask that takes nothing away, with all that is in it', async () => {
    await using rig = await rigWithWeb();
    const command = `umask 000 && exec "${NODE}" "${CLI}" start`;
    const { status } = spawnSync('/bin/sh', ['-c', command], { cwd: rig.dir, env: rig.env() });
    expect(status).toBe(0);
    const files = readdirSync(rig.state.dir, { recursive: true, encoding: 'utf8' });
    expect(files).toEqual(
      expect.arrayContaining(['state.json', 'manager.log', 'manager.sock', 'apps/web/agents.sock']),
    );
    const paths = [rig.state.dir, ...files.map((file) => join(rig.state.dir, file))];
    const loose = paths.filter((path) => {
      const found = lstatSync(path, { throwIfNoEntry: false });
      // A temporary file that was listed may have its name by now.
      if (found === undefined) return !path.includes('.tmp-');
      return (found.mode & 0o777) !== (found.isDirectory() ? 0o700 : 0o600);
    });
    expect(loose).toEqual([]);
    expect(['web.out.log', 'web.err.log'].map((log) => modeOf(rig.path('logs', log)))).toEqual(['640', '640']);
  });

  for (const [rows, tier] of tiers<[string, (dir: string) => void, RegExp]>([
    ['may be written to by others', (dir) => makeDir(dir, 0o777), /its mode 0777 lets other users in[\s\S]*chmod 700/],
    ['may be entered by others', (dir) => writeFileSync(join(makeDir(dir, 0o755), 'x'), ''), /its mode 0755 lets/],
    ['is a link', (dir) => symlinkSync(makeDir(`${dir}.real`, 0o700), dir), /it is a symbolic link/],
    ['is a file', (dir) => writeFileSync(dir, ''), /it is not a directory/],
  ]))
    test.each(rows)(
      'is refused where it %s, and says why; nothing runs and nothing is changed',
      tier,
      async (_what, make, why) => {
        await using rig = await rigWithWeb();
        const facts = (): unknown => {
          const found = lstatSync(rig.state.dir);
          return [found.mode, found.ino, found.isDirectory() && readdirSync(rig.state.dir)];
        };
        make(rig.state.dir);
        const before = facts();
        const { code, stderr } = await rig.cli('start');
        expect(stderr).toMatch(why);
        expect([code, facts()]).toEqual([1, before]);
      },
    );

  test('is refused where it is another user’s', async (context) => {
    needsRoot(context, 'give a folder away');
    await using rig = await rigWithWeb();
    chownSync(makeDir(rig.state.dir, 0o700), NOBODY, NOBODY);
    const { code, stderr } = await rig.cli('start');
    expect(stderr).toMatch(/belongs to user id 65534 and this process runs as 0/);
    expect(code).toBe(1);
  });

  test('leads nowhere by links in it: what they point to stays as it is', async () => {
    await using rig = await rigWithWeb();
    makeDir(rig.state.app('web').dir, 0o700);
    for (const dir of [rig.state.apps, rig.state.dir]) chmodSync(dir, 0o700);
    const { stateFile, managerPid, dir } = rig.state;
    const links = [stateFile, managerPid, join(dir, 'config.path'), rig.state.app('web').stateFile];
    for (const [index, link] of links.entries()) {
      rig.write(`victim-${index}`, 'mine');
      symlinkSync(rig.path(`victim-${index}`), link);
    }
    await rig.run('start');
    await rig.run('deploy', 'web');
    expect(links.filter((link) => lstatSync(link).isSymbolicLink())).toEqual([]);
    expect(links.map((_, index) => rig.read(`victim-${index}`))).toEqual(links.map(() => 'mine'));
  });

  for (const [rows, tier] of tiers([
    ['manager.sock', (rig: Rig) => rig.state.managerSocket],
    ['cluster.sock', (rig: Rig) => rig.state.app('web').socket],
    ['agents.sock', (rig: Rig) => rig.state.app('web').agentsSocket],
  ]))
    test.each(rows)('is not left over %s that is a link', tier, async (_name, pathIn) => {
      await using rig = await rigWithWeb();
      const link = pathIn(rig);
      makeDir(dirname(link), 0o700);
      for (const dir of [rig.state.apps, rig.state.dir]) if (existsSync(dir)) chmodSync(dir, 0o700);
      rig.write('victim', 'mine');
      symlinkSync(rig.path('victim'), link);
      expect(await rig.cli('start')).toMatchObject({ code: 1 });
      expect([rig.read('victim'), lstatSync(link).isSymbolicLink()]).toEqual(['mine', true]);
      await rig.cli('stop');
      // A cluster process that never ran leaves a sign for its successor.
      for (const file of [link, rig.state.app('web').agentsSocket]) rmSync(file, { force: true });
    });
});

describe('sockets', () => {
  test('none of evenkeel’s own listens on TCP', async (context) => {
    needsLinux(context);
    const [port, own] = [await freePort(), await freePort()];
    const apps = { web: server('http', port, { listen: [port] }), api: server('http', own) };
    await using rig = await createRig({ apps });
    await rig.run('start');
    const status = await rig.status();
    const listeners = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(listenersIn);
    const portsOf = (pid: number): number[] => {
      const inodes = socketsOf(pid);
      return listeners.filter(({ inode }) => inodes.includes(inode)).map((listener) => listener.port);
    };
    const clusters = status.apps.map(({ clusterPid }) => clusterPid ?? 0);
    // What the config declares, and what node:cluster shares between workers, are the apps' own.
    const theirs = [status.manager.pid, ...clusters].flatMap(portsOf);
    expect(theirs).toContain(port);
    expect(theirs.filter((listened) => listened !== port && listened !== own)).toEqual([]);
  });

  test('are their owner’s alone, also where their paths are too long for unix', LONG, async () => {
    await using rig = await rigWithWeb({ nested: 'n'.repeat(100) });
    await rig.run('start');
    for (const socket of [rig.state.managerSocket, rig.state.app('web').socket]) {
      expect(dirname(socket)).toMatch(/^\/tmp\/evenkeel-\d+$/);
      expect([modeOf(socket), modeOf(dirname(socket))]).toEqual(['600', '700']);
    }
  });
});

test('a declared unix socket does not take the place of a link, or of what it points to', async () => {
  await using rig = await createRig({
    apps: { web: { script: fixture('http.mjs'), listen: ['./web.sock'], env: { PORT: './web.sock', VERSION: '1' } } },
    files: { victim: 'mine' },
  });
  symlinkSync(rig.path('victim'), rig.path('web.sock'));
  const { code, stdout } = await rig.cli('start');
  expect([code, stdout]).toEqual([1, expect.stringContaining('something that is not a socket has this name')]);
  expect([rig.read('victim'), lstatSync(rig.path('web.sock')).isSymbolicLink()]).toEqual(['mine', true]);
});

interface Listener {
  readonly inode: string;
  readonly port: number;
}

function listenersIn(table: string): Listener[] {
  const rows = existsSync(table) ? readFileSync(table, 'utf8').trim().split('\n').slice(1) : [];
  return rows.flatMap((row) => {
    const [, local = '', , state, , , , , , inode = ''] = row.trim().split(/\s+/);
    // LISTEN
    return state === '0A' ? [{ inode, port: Number.parseInt(local.split(':')[1] ?? '', 16) }] : [];
  });
}

function socketsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
}

describe('names that try to leave their folders', () => {
  const NAMES = ['../x', '..', '.', '/etc/x', 'a/b', '.hidden', '-rf', 'a\u0000b', 'a b', '__proto__', 'x'.repeat(65)];

  for (const [rows, tier] of tiers(NAMES))
    test.each(rows)('an app cannot be called %j', tier, async (name) => {
      await using rig = await rigWithWeb();
      const app = { script: 'a.mjs' };
      rig.write('a.mjs', '');
      rig.write('evil.json', `{"apps":{${JSON.stringify(name)}:${JSON.stringify(app)}}}`);
      const { code, stdout } = await rig.cli('check', '--config', 'evil.json');
      expect(stdout).toMatch(/evil\.json:1:\d+: .*is not a name for an app/);
      expect(code).toBe(2);
    });

  test('a script cannot either, and nothing is made for it', async () => {
    await using rig = await createRig({ withoutConfig: true, files: { 'a.mjs': '' } });
    const { code } = await rig.cli('start', '--name', '../x', 'a.mjs');
    expect(code).toBe(2);
    expect(existsSync(join(rig.state.apps, '../x'))).toBe(false);
  });

  test('no path of the API leads out', async () => {
    await using rig = await rigWithWeb();
    await rig.run('start');
    const places = (): unknown => [rig.dir, rig.state.apps].map((dir) => readdirSync(dir).sort());
    const before = places();
    for (const name of ['..', '../web', '../../x', '.', '__proto__', 'constructor', 'web/../web', 'web\u0000']) {
      const path = `/v1/apps/${encodeURIComponent(name).replaceAll('.', '%2E')}`;
      for (const [method, what] of [
        ['GET', 'history'],
        ['GET', 'logs'],
        ['POST', 'restart'],
        ['POST', 'deploy'],
      ] as const) {
        const { status } = await askApi(rig.state.managerSocket, { path: `${path}/${what}`, method });
        // `..` is taken away from the path as any URL's: that leaves a deploy of nothing in particular.
        const expected = name === '..' && what === 'deploy' ? 400 : 404;
        expect({ name, what, status }).toEqual({ name, what, status: expected });
      }
    }
    expect(places()).toEqual(before);
  });
});

describe('names of what every object has', () => {
  test.each(['constructor', 'toString', 'hasOwnProperty'])('an app may be called %s', LONG, async (name) => {
    const app: AppConfig = server('http', await freePort(), { workers: 1 });
    await using rig = await createRig({ apps: { [name]: app } });
    await rig.run('start');
    await rig.run('scale', `${name}=2`);
    expect(await rig.app(name)).toMatchObject({ state: 'online', ready: 2, drift: true });
    await rig.run('reload');
    await rig.run('deploy', name, '--env', 'valueOf=1');
    expect(await rig.app(name)).toMatchObject({ state: 'online', generation: 2 });
    await rig.run('history', name);
    rig.removeApp(name);
    await rig.run('reload');
    expect((await rig.status()).apps).toEqual([]);
  });

  for (const [rows, tier] of tiers([
    ['__proto__', '{"apps":{},"__proto__":{"apps":{"x":{}}}}'],
    ['constructor', '{"apps":{},"constructor":{"prototype":{"script":"a.mjs"}}}'],
    ['apps.a.__proto__', '{"apps":{"a":{"script":"a.mjs","__proto__":{"workers":7}}}}'],
    ['profiles.p.__proto__', '{"apps":{},"profiles":{"p":{"__proto__":{"apps":{}}}}}'],
  ]))
    test.each(rows)('are no keys of the config: %s', tier, async (key, configText) => {
      await using rig = await createRig({ configFile: 'evenkeel.config.json', configText, files: { 'a.mjs': '' } });
      const { code, stdout } = await rig.cli('check');
      expect(stdout).toContain(`: ${key}: `);
      expect(code).toBe(2);
    });
});

describe('what nests without end', () => {
  const DEPTH = 100_000;
  for (const [rows, tier] of tiers([
    ['maps in JSON', 'evenkeel.config.json', `{"apps":${'{"a":'.repeat(DEPTH)}1${'}'.repeat(DEPTH)}}`],
    ['lists in JSON', 'evenkeel.config.json', `{"apps":${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}}`],
    ['lists in YAML', 'evenkeel.config.yaml', `apps: ${'- '.repeat(DEPTH)}x`],
    ['flow in YAML', 'evenkeel.config.yaml', `apps: ${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}`],
  ]))
    test.each(rows)('is refused in a config: %s', tier, async (_what, configFile, configText) => {
      await using rig = await createRig({ configFile, configText });
      const { code, stdout } = await rig.cli('check');
      expect(stdout).toMatch(/deep/);
      expect(code).toBe(2);
    });

  test('is refused in a request, and harms nothing', async () => {
    await using rig = await rigWithWeb();
    await rig.run('start');
    const pids = await rig.pids('web');
    for (const body of [
      `{"message":${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}}`,
      `${'{"a":'.repeat(DEPTH)}1${'}'.repeat(DEPTH)}`,
    ]) {
      const answer = await askApi(rig.state.managerSocket, { path: '/v1/apps/web/send', method: 'POST', body });
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'BAD_REQUEST' } } });
    }
    expect(await rig.pids('web')).toEqual(pids);
  });
});
