// The CLI as a program: its exit codes, its signals, and readers that leave.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltCli, buildCli } from './support/build-cli.ts';
import { FakeManager, type Reply } from './support/fake-manager.ts';
import { folderWithConfig } from './support/run.ts';
import * as samples from './support/samples.ts';

let cli: BuiltCli;

function start(args: readonly string[], cwd: string): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [cli.program, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function run(args: readonly string[], cwd = folderWithConfig()) {
  const child = start(args, cwd);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code, out, err };
}

const event = samples.EVENT_LINES[0]?.[0];
const forever: Reply = {
  stream: (send) => {
    const timer = setInterval(() => send(event), 1);
    timer.unref();
  },
};

describe('the program', () => {
  beforeAll(async () => {
    cli = await buildCli();
  });
  afterAll(() => rmSync(cli.folder, { recursive: true, force: true }));

  it('can be run by its name', () => {
    expect(readFileSync(cli.program, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it.each([
    [['-V'], 0],
    [['help', 'deploy'], 0],
    [['version'], 0],
    [['nonsense'], 2],
    [['status'], 3],
  ])('%j exits with %i', async (args, code) => {
    expect((await run(args)).code).toBe(code);
  });

  it.runIf(existsSync('/dev/full'))('says so where stdout cannot be written, without a stack', async () => {
    const cwd = folderWithConfig();
    const result = { type: 'result', result: samples.operationResult(samples.appResult()) };
    const deploy: Reply = {
      stream: (send, close) => {
        send(result);
        close();
      },
    };
    await new FakeManager({ 'POST /v1/deploy': deploy }).listen(cwd);
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [cli.program, 'deploy', 'web'], { cwd, stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    const [err, [code]] = await Promise.all([text(child.stderr as Readable), once(child, 'exit')]);
    expect(code).toBe(1);
    expect(err).toMatch(/^error: what was asked for is done, but stdout could not be written: ENOSPC/m);
    expect(err).not.toMatch(/^ +at /m);
  });

  it('writes the whole of a long answer', async () => {
    const apps = Array.from({ length: 2000 }, (_, index) => samples.appStatus({ name: `app-${index}` }));
    const status = samples.statusOf(...apps);
    const cwd = folderWithConfig();
    await new FakeManager({ 'GET /v1/status': { json: status } }).listen(cwd);
    const { code, out } = await run(['status', '--json'], cwd);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(status);
  });

  it('ends quietly when its reader leaves', async () => {
    const cwd = folderWithConfig();
    await new FakeManager({ 'GET /v1/events': forever }).listen(cwd);
    const child = start(['events', '-f'], cwd);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect([code, err]).toEqual([0, '']);
  });

  it('goes on, and exits truthfully, when the reader of a result leaves', async () => {
    const cwd = folderWithConfig();
    const failed = samples.operationResult(samples.appResult({ ok: false }));
    let finish = (): void => {};
    const deploy: Reply = {
      stream: (send, close) => {
        send({ type: 'event', event });
        send({ type: 'event', event: { ...event, type: 'worker-started', slot: 0, pid: 1, generation: 1 } });
        finish = () => {
          send({ type: 'result', result: failed });
          close();
        };
      },
    };
    await new FakeManager({ 'POST /v1/deploy': deploy }).listen(cwd);
    const child = start(['deploy', 'web'], cwd);
    await once(child.stderr, 'data');
    child.stdout.destroy();
    finish();
    expect((await once(child, 'exit'))[0]).toBe(1);
  });

  // A signal that the kernel delivers with the very first byte of what is printed.
  const pressing = (stream: 'stdout' | 'stderr'): string =>
    `const { ${stream}: { write }, ${stream} } = process;
     ${stream}.write = (...args) => (args[0] === '' || process.kill(process.pid, 'SIGINT'), write.apply(${stream}, args));`;

  it.each([
    [['deploy', 'web'], 'stdout', 1],
    [['deploy', 'web', '--json'], 'stdout', 1],
    [['status'], 'stdout', 0],
    [['history', 'web'], 'stderr', 2],
  ] as const)(
    '%j: Ctrl-C when the result is being printed changes nothing of the exit code',
    async (args, stream, exit) => {
      const cwd = folderWithConfig();
      const failed = samples.operationResult(samples.appResult({ ok: false }));
      const deploy: Reply = {
        stream: (send, close) => {
          send({ type: 'result', result: failed });
          close();
        },
      };
      const history: Reply = { status: 404, json: { error: { code: 'NO_SUCH_APP', message: 'none', hint: null } } };
      await new FakeManager({
        ...{ 'POST /v1/deploy': deploy, 'GET /v1/apps/web/history': history },
        'GET /v1/status': { json: samples.statusOf() },
      }).listen(cwd);
      const preload = join(cwd, 'press.cjs');
      writeFileSync(preload, pressing(stream));
      const child = spawn(process.execPath, ['--require', preload, cli.program, ...args], { cwd, stdio: 'ignore' });
      expect(await once(child, 'exit')).toEqual([exit, null]);
    },
  );

  it.each(['SIGINT', 'SIGTERM'] as const)('%s ends what follows with 130', async (signal) => {
    const cwd = folderWithConfig();
    await new FakeManager({ 'GET /v1/events': forever }).listen(cwd);
    const child = start(['events', '-f'], cwd);
    await once(child.stdout, 'data');
    child.kill(signal);
    expect((await once(child, 'exit'))[0]).toBe(130);
  });
});
