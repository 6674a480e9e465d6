import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from './free-port.ts';
import type { Puppet } from './puppet.ts';
import { PuppetTheatre } from './puppet-theatre.ts';
import { tempDir } from './temp-dir.ts';

const SCRIPT = fileURLToPath(new URL('../e2e/fixtures/puppet.mjs', import.meta.url));

async function startPuppet(): Promise<Puppet> {
  const path = join(tempDir(), 'puppets.sock');
  const theatre = await PuppetTheatre.open(path);
  const env = { PUPPETS: path, VERSION: '7', EVENKEEL_APP: 'web', EVENKEEL_WORKER: '1', EVENKEEL_GENERATION: '3' };
  const child = spawn(process.execPath, [SCRIPT], { env, stdio: 'ignore' });
  onTestFinished(() => {
    theatre.close();
    child.kill('SIGKILL');
  });
  return theatre.next();
}

test('a puppet says who it is, and does what it is told', async () => {
  const port = await freePort();
  const puppet = await startPuppet();
  expect(puppet.hello).toMatchObject({ app: 'web', slot: 1, generation: 3, version: '7' });
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  await puppet.listen(port);
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).json()).toMatchObject({ version: '7', pid: puppet.pid });
  await puppet.health(503);
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(503);
});

test('a puppet answers a held request when it is told', async () => {
  const port = await freePort();
  const puppet = await startPuppet();
  await puppet.listen(port);
  const answer = fetch(`http://127.0.0.1:${port}/held`);
  const request = await puppet.heldRequest();
  await puppet.write(request, 'first, ');
  await puppet.end(request, 'last');
  expect(await (await answer).text()).toBe('first, last');
});

test('a puppet that is gone fails whoever waits for it', async () => {
  const puppet = await startPuppet();
  const waiting = expect(puppet.waitFor(() => false)).rejects.toThrow(/is gone/);
  await puppet.exit(3);
  await puppet.closed;
  await waiting;
});

test('a puppet takes many orders, and leaves no listener behind for each', async () => {
  const warnings: string[] = [];
  const note = (warning: Error): void => void warnings.push(warning.message);
  process.on('warning', note);
  onTestFinished(() => void process.off('warning', note));
  const puppet = await startPuppet();
  for (let count = 0; count < 20; count += 1) await puppet.print('line\n');
  expect(warnings).toEqual([]);
});

test('an order to a puppet that is gone fails', async () => {
  const puppet = await startPuppet();
  await puppet.exit(0);
  await puppet.closed;
  await expect(puppet.print('too late\n')).rejects.toThrow(/died before 'print'/);
});
