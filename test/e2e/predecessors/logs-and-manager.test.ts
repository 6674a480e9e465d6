// Rows 23, 24, 28 and 32 of the predecessors' capabilities: logs, the log of the manager, its replacement, version and help.
//
// @module-tag more

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { EvenkeelEvent } from '../../../src/core/events.ts';
import { puppet, server } from '../../support/apps.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { createRig } from '../../support/rig.ts';

describe('row 23: logs', () => {
  test('are appended to, in folders that are made, rotated by size with gzip, and only so many are kept', async () => {
    await using rig = await createRig({
      apps: {
        web: puppet({
          env: { PORT: await freePort() },
          logs: { stdout: 'deep/er/web.log', maxSize: '10K', keep: 2, compress: true },
        }),
      },
      files: { 'deep/er/web.log': 'from before\n' },
    });
    await rig.run('start');
    const worker = await rig.puppets.next();
    await worker.print('first\n');
    await eventually('the file goes on', () => rig.read('deep/er/web.log') === 'from before\nfirst\n');
    // Waits for each rotation, so that every file holds what was printed between two of them.
    for (let file = 1; file <= 4; file += 1) {
      await worker.print(`${`file ${file} ${'x'.repeat(90)}\n`.repeat(120)}`);
      await eventually(`rotation ${file}`, () =>
        rotated(rig.path('deep/er')).some((text) => text.includes(`file ${file} `)),
      );
    }
    await eventually('two are kept', () => rotated(rig.path('deep/er')).length === 2);
    for (const text of rotated(rig.path('deep/er')))
      expect(text).toMatch(/^(from before\nfirst\n)?(file \d x{90}\n)+$/);
  });

  test('/dev/null turns one off, "-" is the stream of the manager', async () => {
    const logs = { stdout: '-', stderr: '/dev/null' };
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() }, logs }) } });
    const foreground = rig.spawnCli(['start', '--foreground']);
    const worker = await rig.puppets.next();
    await worker.print('to the manager\n');
    await worker.print('to nobody\n', 'stderr');
    await worker.print('to the manager again\n');
    await eventually('it is there', () => foreground.stdout.includes('to the manager again'));
    foreground.kill('SIGTERM');
    const { stdout, stderr } = await foreground.ended;
    expect(stdout).toContain('to the manager\n');
    expect(stdout + stderr).not.toContain('to nobody');
  });

  test('are rotated by schedule', async () => {
    await using rig = await createRig({
      apps: {
        web: puppet({
          env: { PORT: await freePort() },
          logs: { stdout: 'logs/web.log', schedule: '* * * * * *', compress: false },
        }),
      },
    });
    await rig.run('start');
    const worker = await rig.puppets.next();
    await worker.print('before\n');
    await eventually('it was moved away', () => {
      const names = existsSync(rig.path('logs')) ? readdirSync(rig.path('logs')) : [];
      return names.some(
        (name) => name !== 'web.log' && readFileSync(rig.path('logs', name), 'utf8').includes('before'),
      );
    });
  });
});

test('row 24: the manager keeps a structured log of everything that happens, and `events` shows it', async () => {
  await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
  await rig.run('start');
  await rig.run('deploy', 'web');
  const logged = rig
    .read('.evenkeel/manager.log')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as EvenkeelEvent);
  const { stdout } = await rig.run('events', '--json', '-n', '1000');
  const shown = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as EvenkeelEvent);
  expect(shown).toEqual(logged);
  const types = logged.map(({ type }) => type);
  for (const type of ['manager-started', 'cluster-started', 'deploy-started', 'worker-ready', 'deploy-finished']) {
    expect(types).toContain(type);
  }
  for (const { time } of logged) expect(new Date(time).toISOString()).toBe(time);
});

test('row 28: the manager is replaced while the apps run on', async () => {
  const port = await freePort();
  await using rig = await createRig({ apps: { web: server('http', port, { listen: [port] }) } });
  await rig.run('start');
  const before = await rig.status();
  const load = rig.load({ port, clients: 6 });
  for (let round = 0; round < 3; round += 1) {
    await load.more(50);
    await rig.kill9((await rig.status()).manager.pid);
    await load.more(50);
    await rig.run('start');
  }
  await rig.run('deploy', 'web');
  expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
  const after = await rig.status();
  expect(after.manager.pid).not.toBe(before.manager.pid);
  expect(after.apps[0]).toMatchObject({ clusterPid: before.apps[0]?.clusterPid, generation: 2, ready: 2 });
});

test('row 32: version and help for each command', async () => {
  await using rig = await createRig();
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect((await rig.run('version')).stdout).toContain(version);
  expect((await rig.run('--version')).stdout.trim()).toBe(version);
  const { stdout } = await rig.run('help');
  const commands = [...stdout.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name = '']) => name);
  expect(commands).toEqual(expect.arrayContaining(['start', 'deploy', 'reload', 'stop', 'status', 'logs']));
  for (const command of ['start', 'deploy', 'reload', 'stop', 'status', 'logs']) {
    const help = await rig.run('help', command);
    expect(help.stdout).toContain(`evenkeel ${command}`);
    expect((await rig.run(command, '--help')).stdout).toBe(help.stdout);
  }
});

/** The text of each rotated file. */
function rotated(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.gz'))
    .flatMap((name) => {
      try {
        return [gunzipSync(readFileSync(`${folder}/${name}`)).toString()];
      } catch {
        // Not complete yet, or removed since.
        return [];
      }
    });
}
