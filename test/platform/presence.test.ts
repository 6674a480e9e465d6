import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  acquirePresence,
  presenceDir,
  presencePaths,
  presentClusters,
  presentManager,
  releasePresence,
} from '../../src/platform/presence.ts';
import { bundleProgram } from '../support/bundle.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Says that it lives, at the path it is given, until it is killed. */
const HOLDER = `
  import { acquirePresence } from './src/platform/presence.ts';
  process.on('disconnect', () => process.exit());
  process.send(acquirePresence(process.argv[2])?.ok === true);
`;

let program = '';
let folder = '';

beforeAll(() => {
  ({ program, folder } = bundleProgram(HOLDER));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function stateDir(): string {
  const dir = join(tempDir(), 'state');
  mkdirSync(dir, { mode: 0o700 });
  const place = presenceDir(dir);
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  return dir;
}

async function hold(path: string): Promise<ChildProcess> {
  const child = fork(program, [path]);
  onTestFinished(() => void child.kill('SIGKILL'));
  expect((await once(child, 'message'))[0]).toBe(true);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe('the presence of a manager', () => {
  it('is seen for as long as it lives, also when the state directory is gone', async () => {
    const dir = stateDir();
    expect(presentManager(dir)).toBeNull();
    const manager = await hold(presencePaths(dir).manager);
    expect(presentManager(dir)?.pid).toBe(manager.pid);
    rmSync(dir, { recursive: true });
    expect(presentManager(dir)?.pid).toBe(manager.pid);
    await kill(manager);
    expect(presentManager(dir)).toBeNull();
  });

  it('is the same by whichever path the state directory is named', async () => {
    const dir = stateDir();
    const link = join(tempDir(), 'link');
    symlinkSync(dirname(dir), link);
    rmSync(dir, { recursive: true });
    expect(presenceDir(join(link, 'state'))).toBe(presenceDir(dir));
  });

  it('is said by one process at a time', async () => {
    const { manager: path } = presencePaths(stateDir());
    const holder = await hold(path);
    expect(acquirePresence(path)).toMatchObject({ ok: false, holder: { pid: holder.pid } });
    await kill(holder);
    expect(acquirePresence(path)).toMatchObject({ ok: true });
  });
});

describe('the presence of cluster processes', () => {
  it('is told by app, the living ones only', async () => {
    const dir = stateDir();
    const paths = presencePaths(dir);
    expect(presentClusters(dir).size).toBe(0);
    const [web, api] = [await hold(paths.app('web')), await hold(paths.app('api'))];
    await kill(api);
    expect([...presentClusters(dir)].map(([app, { pid }]) => [app, pid])).toEqual([['web', web.pid]]);
  });
});

describe('releasing a presence', () => {
  it('leaves nothing behind once the last one has gone', () => {
    const dir = stateDir();
    const paths = presencePaths(dir);
    const [manager, web] = [acquirePresence(paths.manager), acquirePresence(paths.app('web'))];
    releasePresence(paths.manager, manager);
    expect(presentClusters(dir).size).toBe(1);
    releasePresence(paths.app('web'), web);
    expect(existsSync(presenceDir(dir))).toBe(false);
    // Of a process that never could say it.
    releasePresence(paths.manager, null);
  });

  it('knows when somebody has removed it', () => {
    const path = presencePaths(stateDir()).manager;
    const lock = acquirePresence(path);
    if (lock?.ok !== true) throw new Error('it was not acquired');
    expect(lock.isHeld()).toBe(true);
    rmSync(path, { recursive: true });
    expect(lock.isHeld()).toBe(false);
  });
});
