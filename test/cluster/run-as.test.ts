// A user with several groups, for both kinds of workers: what `id` says inside.

import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { startWorkerProcess, type WorkerProcess } from '../../src/cluster/worker-process.ts';
import { planRunAs } from '../../src/platform/run-as.ts';
import { needsLinux, needsUser } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';

const MEMBER = { uid: 4321, gid: 4322, groups: [4323, 4324], name: 'member', home: '/' };
const ROOT = { uid: 0, gid: 0, platform: 'linux' } as const;
const SETPRIV = '/usr/bin/setpriv';

async function output({ stdout, ended }: WorkerProcess): Promise<string> {
  if (stdout === null) throw new Error('no stdout');
  const printed = await text(stdout);
  await ended;
  return printed.trim();
}

test.for([
  ['no other group', []],
  ['more groups', MEMBER.groups],
] as const)('row 29: a program runs as its user, with %s', async ([, groups], context) => {
  needsLinux(context);
  needsUser(context, MEMBER.uid, SETPRIV);
  const env = { PATH: '/usr/bin:/bin', LD_BIND_NOW: '1', LD_KEY: 'it\'s $(id) "1"' };
  const { env: safe, ...runAs } = planRunAs({ ...MEMBER, groups }, env, ROOT, () => SETPRIV);
  const argv = [
    '/bin/sh',
    '-c',
    'id -u; id -g; id -G; id -ru; echo $LD_BIND_NOW; echo "$LD_KEY"; env | grep -c HELD',
  ] as const;
  const launch = { cwd: '/', env: safe, socketFds: [], runAs, argv, file: '/bin/sh' };
  const lines = await output(startWorkerProcess({ ...launch, kind: 'command' }));
  expect(lines.split('\n')).toEqual(['4321', '4322', [4322, ...groups].join(' '), '4321', '1', env.LD_KEY, '0']);
});

test('row 29: a Node worker runs as its user, with its groups and its channel', async (context) => {
  needsLinux(context);
  needsUser(context, MEMBER.uid, SETPRIV, process.execPath);
  const folder = tempDir();
  const script = join(folder, 'who.cjs');
  writeFileSync(
    script,
    `console.log(JSON.stringify([process.getuid(), process.getgid(), process.getgroups(), process.connected]));
    process.disconnect();`,
  );
  chmodSync(folder, 0o755);
  const { env, ...runAs } = planRunAs(MEMBER, { PATH: process.env.PATH ?? '' }, ROOT, () => SETPRIV);
  const program = { script, args: [], execPath: process.execPath, execArgv: [], inspector: null };
  const worker = startWorkerProcess({ cwd: '/', env, socketFds: [], runAs, kind: 'node', ...program });
  worker.link?.resume();
  expect(JSON.parse(await output(worker))).toEqual([4321, 4322, [4322, 4323, 4324], true]);
});
