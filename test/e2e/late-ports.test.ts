// Apps that listen on several ports that are not declared, one after the other.
//
// @module-tag more

import { existsSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { server } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { createRig } from '../support/rig.ts';

const ask = async (port: number): Promise<string> => {
  const answer = await fetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' } });
  return ((await answer.json()) as { version: string }).version;
};

test('a deploy waits for the port that opens late', async () => {
  const [port, second] = [await freePort(), await freePort()];
  const env = { SECOND: second, GO: 'go' };
  await using rig = await createRig({
    apps: { web: server('two-ports', port, { env, workers: 1 }) },
    files: { go: '' },
  });
  await rig.run('start');
  await eventually('it listens on both', () => ask(second).catch(() => false));
  rmSync(rig.path('go'));
  const load = rig.load({ port: second, mode: 'close', clients: 2 });
  const deploy = rig.cli('deploy', 'web');
  await eventually('the new one listens on the first', async () => (await ask(port)) === '2');
  expect(await rig.app('web')).toMatchObject({ deploy: { phase: 'booting' } });
  rig.write('go', '');
  const { code, stderr } = await deploy;
  expect(code).toBe(0);
  expect(stderr).not.toContain('does not listen');
  expect((await load.stop()).errors).toEqual({});
  expect(await ask(second)).toBe('2');
});

test('one that the app has closed long ago is not waited for', async () => {
  const [port, second] = [await freePort(), await freePort()];
  const app = server('two-ports', port, { env: { SECOND: second, GO: 'go', CLOSE: 'closed' }, workers: 1 });
  await using rig = await createRig({ apps: { web: app }, files: { go: '' } });
  await rig.run('start');
  await eventually('it has closed one', async () => existsSync(rig.path('closed')));
  rmSync(rig.path('go'));
  expect((await rig.run('deploy', 'web')).stderr).not.toContain('does not listen');
  expect(await ask(port)).toBe('2');
});

test('one that is not opened any more is told, and fails nothing', async () => {
  const [port, second] = [await freePort(), await freePort()];
  const app = server('two-ports', port, { env: { SECOND: second, GO: 'go' }, workers: 1, ready: { timeout: '6s' } });
  await using rig = await createRig({ apps: { web: app }, files: { go: '' } });
  await rig.run('start');
  await eventually('it listens on both', () => ask(second).catch(() => false));
  rig.editEnv('web', { SECOND: undefined });
  const { stderr } = await rig.run('reload');
  expect(stderr).toContain(`worker 0 does not listen on ${second}`);
  expect((await rig.run('deploy', 'web')).stderr).not.toContain('does not listen');
});
