// What becomes of a worker that cannot be started. The program under test is a process of its own: its limits are not ours.

import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { bundleProgram } from '../support/bundle.ts';

/** Uses up all descriptors but `left`, tries to start a worker, and prints what it hears, line by line. */
const SOURCE = `
import { closeSync, openSync } from 'node:fs';
import cluster from 'node:cluster';
import { HookLines } from './src/cluster/hook-output.ts';
import { runHooks } from './src/cluster/hooks.ts';
import { startWorkerProcess } from './src/cluster/worker-process.ts';

const [kind, script, left] = process.argv.slice(2);
process.on('uncaughtException', (error) => console.log('uncaught', error.message));
const runAs = { ids: {}, through: [] };
const base = { cwd: process.cwd(), env: process.env, socketFds: [], runAs };
const launch = kind === 'node'
  ? { ...base, kind, script, args: [], execPath: process.execPath, execArgv: [], inspector: null }
  : { ...base, kind: 'command', argv: [process.execPath, script], file: process.execPath };
console.log(await attempt());
const used = [];
try {
  for (;;) used.push(openSync('/dev/null', 'r'));
} catch (error) {
  console.log(error.code);
}
for (const fd of used.splice(0, Number(left))) closeSync(fd);
const outcome = await attempt();
for (const fd of used) closeSync(fd);
console.log(outcome);
console.log(await attempt());
console.log('known', Object.keys(cluster.workers).length);
process.exit(0);

async function attempt() {
  if (kind === 'hook') {
    const spec = { name: 'web', script, cwd: process.cwd(), env: process.env, user: null, node: { bin: process.execPath } };
    const place = { key: 'deploy.before', cwd: process.cwd(), script, slot: null };
    const context = { ...place, spec, generation: 1, signal: new AbortController().signal, lines: new HookLines(() => {}) };
    const { ok, reason } = await runHooks([{ kind: 'command', argv: [process.execPath, script] }], context);
    return JSON.stringify({ ok, reason });
  }
  const worker = startWorkerProcess(launch);
  worker.onMessage(() => {});
  for (const stream of [worker.stdout, worker.stderr, worker.link]) stream?.resume();
  return JSON.stringify(await worker.ended);
}
`;

/** Has Node fail to send something to a worker, as when a socket cannot be passed on. */
const FAULTS = `
import cluster from 'node:cluster';
import { startWorkerProcess } from './src/cluster/worker-process.ts';

const launch = { kind: 'node', script: process.argv[2], args: [], execPath: process.execPath, execArgv: [], inspector: null };
const runAs = { ids: {}, through: [] };
const base = { cwd: process.cwd(), env: process.env, socketFds: [], runAs };
const worker = startWorkerProcess({ ...base, ...launch });
worker.onFault((reason) => console.log('fault', reason));
const child = Object.values(cluster.workers)[0].process;
const fail = (code, syscall) => child.emit('error', Object.assign(new Error(syscall + ' ' + code), { code, syscall }));
fail('EMFILE', 'write');
fail('EPIPE', 'write');
fail('ERR_IPC_CHANNEL_CLOSED', undefined);
fail('EPERM', 'kill');
worker.ended.then(() => process.exit(0));
`;

const STARTED = '{"code":0,"signal":null,"error":null}';

it.each([
  ['node', 0],
  ['node', 1],
  ['command', 0],
  ['command', 1],
])('a worker for which no descriptors are left (%s, %i free) ends at once and says why', async (kind, left) => {
  const { stdout } = await run(kind, left);
  const [first, exhausted, failed, second, known] = stdout.trimEnd().split('\n');
  expect([first, exhausted, second, known]).toEqual([STARTED, 'EMFILE', STARTED, 'known 0']);
  expect(JSON.parse(failed ?? '')).toEqual({
    code: null,
    signal: null,
    error: expect.stringMatching(/^spawn .* EMFILE$/),
  });
});

it('a hook for which no descriptors are left fails and says why', async () => {
  const { stdout } = await run('hook', 0);
  const [first, exhausted, failed, second] = stdout.trimEnd().split('\n');
  const passed = '{"ok":true}';
  expect([first, exhausted, second]).toEqual([passed, 'EMFILE', passed]);
  expect(JSON.parse(failed ?? '')).toEqual({
    ok: false,
    reason: expect.stringMatching(/^hook deploy\.before\[0\] .*EMFILE/),
  });
});

it('what cannot be sent to a worker is told, but not that it has gone', async () => {
  const { program, script } = build(FAULTS);
  const { stdout } = await promisify(execFile)(process.execPath, [program, script], { timeout: 60_000 });
  expect(stdout).toBe('fault write EMFILE\n');
});

function build(source: string): { readonly program: string; readonly script: string } {
  const { program, folder } = bundleProgram(source);
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const script = join(folder, 'worker.cjs');
  writeFileSync(script, 'process.exit(0)');
  return { program, script };
}

function run(kind: string, left: number) {
  const { program, script } = build(SOURCE);
  const command = 'ulimit -n 64; exec "$@"';
  return promisify(execFile)('/bin/sh', ['-c', command, 'sh', process.execPath, program, kind, script, `${left}`], {
    timeout: 60_000,
  });
}
