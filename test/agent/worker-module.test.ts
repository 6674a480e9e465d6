// `evenkeel/worker` in a worker, in one whose channel is closed, in threads, and where there is no evenkeel at all.

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildSync } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { decodeCall } from '../../src/agent/worker-calls.ts';
import { eventually } from '../support/eventually.ts';
import { startLoad } from '../support/load.ts';
import { tempDir } from '../support/temp-dir.ts';
import { type Primary, type TestWorker, WorkerRig } from './worker-rig.ts';

const FIXTURE = fileURLToPath(new URL('fixtures/module.cjs', import.meta.url));
const NODE = process.env.EVENKEEL_TEST_NODE ?? process.execPath;

function buildModule(folder: string, format: 'cjs' | 'esm' = 'cjs'): string {
  const outfile = join(folder, format === 'cjs' ? 'worker.cjs' : 'worker.mjs');
  const entry = fileURLToPath(new URL('../../src/worker.ts', import.meta.url));
  buildSync({
    ...{ entryPoints: [entry], bundle: true, format, platform: 'node', target: 'node20', outfile, logLevel: 'error' },
  });
  return outfile;
}

class Scene {
  readonly worker: TestWorker;
  readonly #primary: Primary;

  constructor(primary: Primary, worker: TestWorker) {
    this.#primary = primary;
    this.worker = worker;
  }

  static async open(rig: WorkerRig, env: Readonly<Record<string, string>> = {}): Promise<Scene> {
    const primary = await rig.primary();
    const worker = await primary.fork('module.cjs', { env: { MODULE: buildModule(rig.folder), ...env } });
    return new Scene(primary, worker);
  }

  /** In this order; returns when the app has done it. */
  async does(...acts: readonly string[]): Promise<void> {
    for (const act of acts) {
      this.#primary.message(this.worker.key, `do ${act}`);
      await this.worker.prints(`done "do ${act}"`);
    }
  }
}

describe('in a worker', () => {
  test('ready says so, also when the channel is closed', async () => {
    await using rig = new WorkerRig();
    const open = await Scene.open(rig);
    await open.does('ready');
    await open.worker.says('ready');
    const closed = await Scene.open(rig, { ALONE: 'disconnect,ready' });
    await closed.worker.says('ready');
  });

  test('onShutdown: all tasks are run when nothing is in flight, waited for, and then the worker ends', async () => {
    await using rig = new WorkerRig();
    const port = rig.declare();
    const scene = await Scene.open(rig, { PORT: `${port}` });
    await scene.does('listen', 'on-shutdown');
    const load = startLoad({ port, clients: 4, check: () => '1' });
    await load.more(50);
    const { failed } = await load.stop();
    scene.worker.drain();
    expect(await scene.worker.exit()).toBe('0');
    expect(failed).toBe(0);
    expect(scene.worker.output()).toMatch(/second is done\n(?:.*\n)*first is done\n/);
    expect(scene.worker.messages().map(({ type }) => type)).toContain('drained');
  });

  test('onShutdown: a handler of the app for the signal is called as well, and the worker ends all the same', async () => {
    await using rig = new WorkerRig();
    const scene = await Scene.open(rig);
    await scene.does('trap-signal', 'on-shutdown');
    scene.worker.drain();
    expect(await scene.worker.exit()).toBe('0');
    expect(scene.worker.output()).toContain('SIGTERM');
    expect(scene.worker.output()).toContain('heard "shutdown"');
    expect(scene.worker.output()).toContain('first is done');
  });

  test('onShutdown: a handler of the app for the signal is called also where the tasks are done at once', async () => {
    await using rig = new WorkerRig();
    const scene = await Scene.open(rig);
    await scene.does('trap-signal', 'on-shutdown-at-once');
    scene.worker.drain();
    expect(await scene.worker.exit()).toBe('0');
    expect(scene.worker.output()).toMatch(/done at once\n(?:.*\n)*SIGTERM\n/);
  });

  test('onShutdown: a task that fails is told, does not keep the others, and shows in the exit code', async () => {
    await using rig = new WorkerRig();
    const scene = await Scene.open(rig);
    await scene.does('on-shutdown-fails', 'on-shutdown');
    scene.worker.drain();
    expect(await scene.worker.exit()).toBe('1');
    expect(scene.worker.output()).toContain('Error: could not say goodbye\n    at ');
    expect(scene.worker.output()).toContain('first is done');
  });

  test('requestReplacement asks for it, with a reason of one line', async () => {
    await using rig = new WorkerRig();
    const scene = await Scene.open(rig);
    await scene.does('replace', 'replace-anyhow');
    await scene.worker.says('replace-me', ({ reason }) => reason === 'it asked for its replacement');
    expect(scene.worker.messages().filter(({ type }) => type === 'replace-me')).toEqual([
      { type: 'replace-me', reason: 'the cache is corrupt' },
      { type: 'replace-me', reason: 'it asked for its replacement' },
    ]);
  });

  test('readyFor waits for the grant, and the worker with it', async () => {
    await using rig = new WorkerRig();
    // Without its channel it has nothing else to live for.
    const scene = await Scene.open(rig, { ALONE: 'ready-for,disconnect' });
    expect(await scene.worker.says('ready-for')).toMatchObject({ resource: 'journal' });
    expect(scene.worker.output()).not.toContain('journal is mine');
    scene.worker.tell({ type: 'grant', resource: 'another' });
    await scene.worker.metrics();
    expect(scene.worker.output()).not.toContain('journal is mine');
    scene.worker.tell({ type: 'grant', resource: 'journal' });
    await scene.worker.prints('journal is mine');
    // Now it has the resource, and nothing to do.
    expect(await scene.worker.exit()).toBe('0');
  });

  test('onTakedown is called when the worker drains, and is done before it says that it has drained', async () => {
    await using rig = new WorkerRig();
    const scene = await Scene.open(rig);
    await scene.does('on-takedown');
    // It listens to messages and has nothing to stop for: the signal ends it, soon before the deadline.
    scene.worker.drain(800);
    await scene.worker.says('drained');
    expect(scene.worker.output()).toContain('journal is released');
    expect(await scene.worker.exit()).toBe('SIGTERM');
    expect(scene.worker.output()).toContain('journal is released');
  });

  test('onTakedown waits for the requests that may need the resource', async () => {
    await using rig = new WorkerRig();
    const scene = await Scene.open(rig, { PORT: '0' });
    await scene.does('on-takedown', 'listen');
    const socket = connect(await scene.worker.listening(), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\n');
    await eventually('it has the connection', async () => (await scene.worker.metrics()).connections === 1);
    scene.worker.drain(30_000);
    await scene.worker.says('draining', ({ open }) => open === 1);
    expect(scene.worker.output()).not.toContain('journal is released');
    socket.write('Host: localhost\r\n\r\n');
    await scene.worker.says('drained');
    expect(scene.worker.output()).toContain('journal is released');
    socket.destroy();
  });

  test('onTakedown is not called for what readyFor has never given', async () => {
    await using rig = new WorkerRig();
    const scene = await Scene.open(rig);
    await scene.does('on-takedown', 'ready-for');
    scene.worker.drain(800);
    await scene.worker.says('drained');
    expect(await scene.worker.exit()).toBe('SIGTERM');
    expect(scene.worker.output()).not.toContain('journal is');
  });

  test('its threads are not heard', async () => {
    await using rig = new WorkerRig();
    const scene = await Scene.open(rig);
    await scene.does('thread');
    await scene.worker.prints('thread ended');
    await scene.worker.prints('journal is mine');
    await scene.worker.metrics();
    const types = new Set(scene.worker.messages().map(({ type }) => type));
    expect(types).toEqual(new Set(['hello', 'metrics']));
  });
});

describe('two copies of the module, CommonJS and ES', () => {
  test('are one to the agent', async () => {
    await using rig = new WorkerRig();
    buildModule(rig.folder);
    buildModule(rig.folder, 'esm');
    const app = join(rig.folder, 'app.mjs');
    writeFileSync(
      app,
      `import { createRequire } from 'node:module';
       import * as es from './worker.mjs';
       import * as again from './worker.mjs?again';
       const common = createRequire(import.meta.url)('./worker.cjs');
       for (const [name, copy] of Object.entries({ es, again, common })) copy.onShutdown(() => console.log(name + ' is told'));
       es.ready();
       setInterval(() => {}, 1e6);`,
    );
    const primary = await rig.primary();
    const worker = await primary.forkScript(app);
    await worker.says('ready');
    worker.drain();
    expect(await worker.exit()).toBe('0');
    for (const name of ['es', 'again', 'common']) expect(worker.output()).toContain(`${name} is told`);
  });
});

describe('without evenkeel', () => {
  test('row 27: nothing happens, and what waits for a resource has it at once', async () => {
    const module = buildModule(tempDir());
    const env = { PATH: process.env.PATH, MODULE: module, ALONE: 'ready,on-shutdown,replace,on-takedown,ready-for' };
    const { stdout, stderr } = await promisify(execFile)(NODE, [FIXTURE], { env, timeout: 20_000 });
    expect({ stdout, stderr }).toEqual({ stdout: 'journal is mine\n', stderr: '' });
  });

  test('a mistake shows', async () => {
    const module: typeof import('../../src/worker.ts') = await import(buildModule(tempDir(), 'esm'));
    for (const name of ['onShutdown', 'readyFor', 'onTakedown'] as const) {
      expect(() => Reflect.apply(module[name], null, ['journal'])).toThrow(TypeError);
    }
  });
});

test('the agent ignores what it does not know', () => {
  const task = (): void => undefined;
  const junk = [null, 'ready', 7, [], {}, { call: 'ponder' }, { call: 'ready-for', task }, { call: 'on-shutdown' }];
  for (const message of junk) expect(decodeCall(message)).toBe(null);
  expect(decodeCall({ call: 'ready', since: 'a later version' })).toEqual({ call: 'ready' });
  expect(decodeCall({ call: 'request-replacement', reason: 7 })).toEqual({ call: 'request-replacement', reason: null });
});
