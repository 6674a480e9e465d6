// `evenkeel start --foreground` into a pipe whose reader does not read: the slowest log that there is.

import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { CLI, NODE } from './cli-process.ts';
import { eventually } from './eventually.ts';
import type { Rig } from './rig.ts';

/** What it returns begins to read, and gives what comes until the last writer has gone. The app is called web. */
export async function startUnread(rig: Rig): Promise<() => Promise<string>> {
  const pipe = rig.path('pipe');
  execFileSync('mkfifo', [pipe]);
  const reading = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const writing = openSync(pipe, 'w');
  const options = { cwd: rig.dir, env: rig.env() };
  const foreground = spawn(NODE, [CLI, 'start', '--foreground'], { ...options, stdio: ['ignore', writing, 'ignore'] });
  closeSync(writing);
  rig.defer(() => {
    if (foreground.exitCode === null) foreground.kill('SIGKILL');
  });
  await eventually('a manager runs', () => existsSync(rig.state.managerSocket));
  await eventually('it serves', async () => (await rig.status()).apps[0]?.state === 'online');
  return () => text(new Socket({ fd: reading, readable: true, writable: false }));
}
