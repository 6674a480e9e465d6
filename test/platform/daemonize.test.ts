import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type DetachedOptions, spawnDetached } from '../../src/platform/daemonize.ts';
import { identify, isAlive, killIdentity, waitForExit } from '../../src/platform/process-identity.ts';
import { bundleProgram } from '../support/bundle.ts';
import { tempDir } from '../support/temp-dir.ts';

const options: DetachedOptions = {
  file: process.execPath,
  args: [],
  env: process.env,
  cwd: '/',
  stdio: ['ignore', 'ignore', 'ignore'],
};

describe('spawnDetached', () => {
  it('starts a process that outlives the one that started it, which does not wait for it', async () => {
    const { program, folder } = bundleProgram(`
      import { spawnDetached } from './src/platform/daemonize.ts';
      const script = 'setInterval(() => {}, 1e9)';
      const { pid } = spawnDetached({ file: process.execPath, args: ['-e', script], env: process.env, cwd: '/', stdio: ['ignore', 'ignore', 'ignore'] });
      console.log(pid);
    `);
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const starter = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(starter, 'exit');
    const [chunk] = await once(starter.stdout, 'data');
    const daemon = identify(Number(String(chunk)));
    if (daemon === null) throw new Error('not started');
    onTestFinished(() => {
      killIdentity(daemon, 'SIGKILL');
    });
    expect(await exited).toEqual([0, null]);
    expect(isAlive(daemon)).toBe(true);
    // It leads a group of its own, so a Ctrl-C in the starter's terminal does not reach it.
    expect(killIdentity(daemon, 'SIGKILL', { group: true })).toBe(true);
    expect(await waitForExit(daemon, 10_000)).toBe(true);
  });

  it('gives the child its environment, directory and descriptors', async () => {
    const cwd = tempDir();
    const script = 'console.log(JSON.stringify([process.env.COLOUR, process.env.HOME, process.cwd()]))';
    const { pid, child } = spawnDetached({
      ...options,
      args: ['-e', script],
      env: { COLOUR: 'blue' },
      cwd,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    expect(child.pid).toBe(pid);
    if (child.stdout === null) throw new Error('no stdout');
    const [data] = await once(child.stdout, 'data');
    expect(JSON.parse(String(data))).toEqual(['blue', null, expect.stringContaining(cwd)]);
  });

  it.each([
    ['a program that is not there', { file: '/no/such/program' }, '/no/such/program'],
    ['a directory that is not there', { cwd: '/no/such/place' }, '/no/such/place'],
    ['a program that may not be run', { file: '/etc/passwd' }, '/etc/passwd'],
    ['a name that cannot be one', { file: 'a\0b' }, 'cannot start'],
  ])('tells of %s', (_name, change, text) => {
    expect(() => spawnDetached({ ...options, ...change })).toThrow(
      expect.objectContaining({ code: 'SPAWN_FAILED', message: expect.stringContaining(text) }),
    );
  });
});
