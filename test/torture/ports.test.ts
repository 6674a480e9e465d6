// Ports that others have.

import { chownSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { expect, test } from 'vitest';
import { server } from '../support/apps.ts';
import { CLI, NODE } from '../support/cli-process.ts';
import { freePort } from '../support/free-port.ts';
import { needsUser } from '../support/needs.ts';
import { createRig, fixture } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';
import { report, requestsOf } from './finding.ts';

const NOBODY = 65_534;
/** Below 1024; nobody is known to use it. */
const LOW_PORT = 619;

function take(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const other = createServer().once('error', reject);
    other.listen(port, () => resolve(other));
  });
}

test('a declared port that another process has, and leaves later', LONG, async (context) => {
  const [port, other] = [await freePort(), await freePort()];
  const thief = await take(port);
  await using rig = await createRig({
    apps: { web: server('http', port, { listen: [port] }), api: server('http', other, { listen: [other] }) },
  });
  rig.defer(() => void thief.close());
  const { code, stderr, stdout } = await rig.cli('start');
  expect([code, stderr + stdout]).toEqual([1, expect.stringMatching(new RegExp(`${port}[^]*${process.pid}`))]);
  expect((await rig.app('api')).state).toBe('online');
  const since = Date.now();
  await new Promise((resolve) => thief.close(resolve));
  await rig.appWhere('web', 'comes up by itself', ({ state, ready }) => state === 'online' && ready === 2);
  report(context, {
    ...{ chapter: 'Ports', fault: 'a declared port that another process has, and leaves later', promise: 'P10' },
    ...{
      recoveryMs: Date.now() - since,
      result: 'exit code 1, the process is named, the other app is up; then it comes up by itself',
    },
  });
});

test('two apps that want one port', LONG, async (context) => {
  const port = await freePort();
  await using rig = await createRig({
    apps: { web: server('http', port, { listen: [port] }), api: server('http', port, { listen: [port] }) },
  });
  const { code, stderr } = await rig.cli('start');
  expect([code, stderr]).toEqual([2, expect.stringContaining(`${port}`)]);
  report(context, {
    ...{
      chapter: 'Ports',
      fault: 'two apps that want one port',
      promise: 'P3',
      result: 'exit code 2, nothing is started',
    },
  });
});

test('a port of a user without the right to it', LONG, async (context) => {
  needsUser(context, NOBODY, NODE, CLI, fixture('http.mjs'));
  const other = await freePort();
  await using rig = await createRig({
    apps: { web: server('http', LOW_PORT, { listen: [LOW_PORT] }), api: server('http', other, { listen: [other] }) },
  });
  chownSync(rig.dir, NOBODY, NOBODY);
  const { code, stdout, stderr } = await rig.spawnCli(['start'], { uid: NOBODY, env: { HOME: rig.dir } }).ended;
  expect([code, stdout + stderr]).toEqual([1, expect.stringMatching(new RegExp(`${LOW_PORT}[^]*EACCES[^]*need root`))]);
  const load = rig.load({ port: other, clients: 2 });
  await load.sees('1');
  const loss = await load.stop();
  expect(loss.failed).toBe(0);
  report(context, {
    ...{
      chapter: 'Ports',
      fault: 'a port of a user without the right to it',
      promise: 'P3',
      requests: requestsOf(loss),
    },
    result: 'exit code 1, says who may have it; the other app is up',
  });
});
