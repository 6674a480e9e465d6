// Whether a declared socket blocks is of the socket, not of a process: who changes it changes it for all workers.

import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { bindTcp } from '../../src/platform/node-handles.ts';
import { HAS_PROC } from '../../src/platform/proc-stat.ts';
import { bundleProgram } from '../support/bundle.ts';

/** What a program does that wants it otherwise; then another cluster process takes the socket over. */
const SOURCE = `
import { readFileSync } from 'node:fs';
import { InheritedSockets } from './src/cluster/inherited-sockets.ts';
import { openInherited } from './src/platform/node-handles.ts';
import { isListening } from './src/platform/proc-net.ts';

const blocks = () => (Number.parseInt(/^flags:\\s+(\\d+)$/m.exec(readFileSync('/proc/self/fdinfo/3', 'utf8'))[1], 8) & 0o4000) === 0;
const tell = (what) => console.log(what, blocks(), isListening(3));

tell('bound');
const first = new InheritedSockets([{ address: 'a', fd: 3, twinFd: 4 }], false);
first.check([]);
tell('begun');
new InheritedSockets([{ address: 'a', fd: 3, twinFd: 5 }], true).check([]);
tell('taken over');
const worker = openInherited(6);
tell('used by Node');
new InheritedSockets([{ address: 'a', fd: 3, twinFd: 7 }], true).check([]);
tell('taken over');
process.exit(0);
`;

it.skipIf(!HAS_PROC)('it blocks until a program wants it otherwise, and a successor leaves it as it is', () => {
  const { program, folder } = bundleProgram(SOURCE);
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const bound = bindTcp('127.0.0.1', 0, 4);
  if (!bound.ok) throw new Error(bound.code);
  onTestFinished(() => bound.handle.close());
  const copies = Array.from({ length: 5 }, () => bound.handle.fd);
  const { stdout, stderr } = spawnSync(process.execPath, [program], {
    ...{ stdio: ['ignore', 'pipe', 'pipe', ...copies], encoding: 'utf8' },
  });
  expect(stderr).toBe('');
  expect(stdout.trim().split('\n')).toEqual([
    'bound false false',
    'begun true true',
    'taken over true true',
    'used by Node false true',
    'taken over false true',
  ]);
});
