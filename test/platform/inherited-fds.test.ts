import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { Readable } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { HAS_PROC } from '../../src/platform/proc-stat.ts';
import { bundleProgram } from '../support/bundle.ts';

/** Node keeps the first descriptors from its children by itself; this one it would hand on. */
const FAR = 40;

it.skipIf(!HAS_PROC)('a process lets go of what it inherited, and of nothing else', async () => {
  const { program, folder } = bundleProgram(`
    import { closeInherited } from './src/platform/inherited-fds.ts';
    closeInherited([0, 1, 2, 3]);
    console.log('closed');
    setInterval(() => {}, 1e9);
  `);
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const stdio = Array.from({ length: FAR + 1 }, (_, fd) =>
    fd < 4 || fd === FAR ? ('pipe' as const) : ('ignore' as const),
  );
  const child = spawn(process.execPath, [program], { stdio });
  onTestFinished(() => void child.kill('SIGKILL'));
  const pipes: readonly unknown[] = child.stdio;
  const [kept, far] = [pipes[3], pipes[FAR]];
  if (!(kept instanceof Readable) || !(far instanceof Readable)) throw new Error('no pipes');
  const ends: string[] = [];
  kept.once('end', () => ends.push('kept')).resume();
  far.once('end', () => ends.push('far')).resume();
  const closed = once(far, 'end');
  await once(child.stdout ?? child, 'data');
  await closed;
  expect(ends).toEqual(['far']);
  child.kill('SIGKILL');
  await once(kept, 'end');
});
