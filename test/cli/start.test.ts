// `start` where no manager runs: nothing is started before the config is known to be valid, and a manager that cannot
// start says why.

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Surroundings } from '../../src/cli/context.ts';
import type { EvenkeelEvent } from '../../src/core/events.ts';
import type { OperationResult } from '../../src/protocol/control-api.ts';
import { appSpec, ecosystem, fakeLoader, writeProgram } from './support/fake-programs.ts';
import { folderWithConfig, run, startCli } from './support/run.ts';
import * as samples from './support/samples.ts';

const started: EvenkeelEvent = { time: samples.TIME, app: 'web', type: 'cluster-started', pid: 77 };
const up = samples.operationResult(
  samples.appResult({ action: 'start', reasons: ['start'], message: 'generation 1 serves' }),
);
const down = samples.operationResult(
  samples.appResult({
    action: 'start',
    ok: false,
    message: 'died',
    failure: samples.workerFailure({ lastLines: ['boom'] }),
  }),
);

/** Reports, answers a start with `result` and a stop, and ends when it was stopped, or after the start if it is to. */
function fakeManager(stateDir: string, result: OperationResult, options: { readonly staysUp: boolean }): string {
  return writeProgram(`
    const http = require('node:http'); const fs = require('node:fs');
    const boot = fs.readFileSync(0, 'utf8');
    fs.writeFileSync(${JSON.stringify(join(stateDir, 'boot.json'))}, boot);
    if (!JSON.parse(boot).foreground) console.log('manager speaks');
    const send = (response, messages) => response.end(messages.map((message) => JSON.stringify(message) + '\\n').join(''));
    const server = http.createServer((request, response) => {
      const last = request.url === '/v1/stop' || (request.url === '/v1/start' && !${options.staysUp});
      if (last) response.on('close', () => process.exit(0));
      if (request.url === '/v1/version') return response.end(JSON.stringify({ version: '1', pid: process.pid }));
      const event = ${JSON.stringify(started)};
      if (request.url === '/v1/start') return send(response, [{ type: 'event', event }, { type: 'result', result: ${JSON.stringify(result)} }]);
      send(response, [{ type: 'result', result: { ok: true, apps: [], notices: [], durationMs: 0 } }]);
    });
    process.on('SIGTERM', () => process.exit(7));
    server.listen(${JSON.stringify(join(stateDir, 'manager.sock'))}, () => {
      fs.writeSync(3, JSON.stringify({ ready: true, pid: process.pid, config: null }) + '\\n');
      fs.closeSync(3);
    });
    setTimeout(() => process.exit(9), 20000).unref();
  `);
}

interface Scene {
  readonly cwd: string;
  readonly program: Surroundings['program'];
}

function scene(manager: (stateDir: string) => string): Scene {
  const cwd = folderWithConfig();
  const spec = ecosystem(cwd, appSpec('web'));
  const programs: Readonly<Record<string, string>> = {
    config: fakeLoader({ ok: true, ecosystem: spec }),
    manager: manager(spec.stateDir),
  };
  return { cwd, program: (name) => programs[name] ?? '' };
}

describe('start', () => {
  it('starts a manager, says which, shows how the apps come up, and returns', async () => {
    const { cwd, program } = scene((dir) => fakeManager(dir, up, { staysUp: false }));
    const { code, out, err } = await run(['start', '--profile', 'production'], { cwd, program, env: process.env });
    expect([code, out]).toEqual([0, '✓ web  start: generation 1 serves (1.2 s)\n']);
    expect(err).toMatch(/^manager started \(pid \d+\)\nweb: cluster process started \(pid 77\)\n$/);
    const boot = JSON.parse(readFileSync(join(cwd, '.evenkeel/boot.json'), 'utf8'));
    expect(boot).toEqual({
      ...{ from: cwd, file: null, profile: 'production', foreground: false, stateDir: join(cwd, '.evenkeel') },
      config: { ok: true, ecosystem: ecosystem(cwd, appSpec('web')) },
    });
    expect(readFileSync(join(cwd, '.evenkeel/manager.out'), 'utf8')).toBe('manager speaks\n');
    expect(statSync(join(cwd, '.evenkeel/manager.out')).mode & 0o777).toBe(0o600);
    expect(statSync(join(cwd, '.evenkeel')).mode & 0o777).toBe(0o700);
  });

  it('an app that does not come up: the reason and its last lines, exit 1', async () => {
    const { cwd, program } = scene((dir) => fakeManager(dir, down, { staysUp: false }));
    const { code, out, err } = await run(['start'], { cwd, program, env: process.env });
    expect([code, out]).toEqual([1, '✗ web  start: died (1.2 s)\n']);
    expect(err).toContain('worker 1 exited with code 1\n  worker 1 (pid 123) wrote last:\n    boom\n');
  });

  it('an invalid config: every problem, exit 2, and no manager', async () => {
    const cwd = folderWithConfig();
    const problems = [1, 2].map((line) => {
      return {
        file: join(cwd, 'evenkeel.config.yaml'),
        line,
        column: 1,
        path: 'apps',
        message: `wrong ${line}`,
        hint: null,
      };
    });
    const error = { code: 'CONFIG_INVALID' as const, message: 'the config has 2 problems', hint: null, problems };
    const program = () => fakeLoader({ ok: false, error });
    const { code, out, err } = await run(['start'], { cwd, program });
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('evenkeel.config.yaml:1:1: apps: wrong 1\nevenkeel.config.yaml:2:1: apps: wrong 2\n');
    expect(existsSync(join(cwd, '.evenkeel'))).toBe(false);
  });

  it('an app that is not in the config: exit 2, and no manager', async () => {
    const { cwd, program } = scene(() => '/nowhere');
    expect(await run(['start', 'nope'], { cwd, program })).toMatchObject({ code: 2, out: '' });
    expect(existsSync(join(cwd, '.evenkeel'))).toBe(false);
  });

  it('a manager that reports a failure: that one, with its exit code', async () => {
    const report = { ready: false, error: { code: 'STATE_DIR_UNSAFE', message: 'not ours', hint: 'chmod it' } };
    const { cwd, program } = scene(() =>
      writeProgram(`require('fs').writeSync(3, ${JSON.stringify(`${JSON.stringify(report)}\n`)})`),
    );
    expect(await run(['start'], { cwd, program, env: process.env })).toEqual({
      code: 1,
      out: '',
      err: 'error: not ours\nhint: chmod it\n',
    });
  });

  it('a manager that dies without a word: what it wrote, exit 1', async () => {
    const { cwd, program } = scene(() => writeProgram(`console.error('out of luck'); process.exit(3)`));
    const { code, err } = await run(['start'], { cwd, program, env: process.env });
    expect(code).toBe(1);
    expect(err).toContain('the manager ended while it started\n    out of luck\n');
    expect(err).toContain(join(cwd, '.evenkeel/manager.out'));
  });

  it('another start that was quicker is as good', async () => {
    const report = { ready: false, error: { code: 'MANAGER_RUNS', message: 'a manager runs', hint: null } };
    const { cwd, program } = scene((dir) => {
      // The quicker one answers by the time that this one reports.
      const quicker = fakeManager(dir, up, { staysUp: false });
      return writeProgram(`
        const child = require('node:child_process').spawn(process.execPath, [${JSON.stringify(quicker)}], { stdio: ['inherit', 'ignore', 'ignore', 'pipe'], detached: true });
        child.stdio[3].once('data', () => { require('fs').writeSync(3, ${JSON.stringify(`${JSON.stringify(report)}\n`)}); process.exit(1); });
      `);
    });
    expect(await run(['start'], { cwd, program, env: process.env })).toMatchObject({ code: 0 });
  });
});

describe('start --foreground', () => {
  it('stays until the manager ends, with its exit code, and passes Ctrl-C on', async () => {
    const { cwd, program } = scene((dir) => fakeManager(dir, up, { staysUp: true }));
    const cli = startCli(['start', '--foreground'], { cwd, program, env: process.env });
    await cli.wrote('✓ web  start: generation 1 serves');
    cli.interrupt();
    expect((await cli.done).code).toBe(7);
    expect(JSON.parse(readFileSync(join(cwd, '.evenkeel/boot.json'), 'utf8'))).toMatchObject({ foreground: true });
  });

  it('stops everything and exits with 1 where an app does not come up', async () => {
    const { cwd, program } = scene((dir) => fakeManager(dir, down, { staysUp: true }));
    const { code, out, err } = await run(['start', '--foreground'], { cwd, program, env: process.env });
    expect([code, out]).toEqual([1, '✗ web  start: died (1.2 s)\n']);
    expect(err).toContain('    boom\n');
  });
});

describe('Ctrl-C while the manager starts', () => {
  /** Is there, but reports only when it is told to end, or a moment later. */
  const slow = (onTerm: string) => (dir: string) =>
    writeProgram(`
      const fs = require('node:fs');
      process.on('SIGTERM', () => { ${onTerm} });
      fs.writeFileSync(${JSON.stringify(join(dir, 'boot.json'))}, '');
      const report = () => fs.writeSync(3, JSON.stringify({ ready: true, pid: process.pid, config: null }) + '\\n');
      const due = setInterval(() => {
        if (!fs.existsSync(${JSON.stringify(join(dir, 'interrupted'))})) return;
        clearInterval(due);
        report();
      }, 10);
    `);

  it('no app is brought up, and the manager, which may have adopted some, is left alone: exit 130', async () => {
    const { cwd, program } = scene(slow(''));
    const cli = startCli(['start'], { cwd, program, env: process.env });
    await vi.waitFor(() => expect(existsSync(join(cwd, '.evenkeel/boot.json'))).toBe(true), { timeout: 10_000 });
    cli.interrupt();
    writeFileSync(join(cwd, '.evenkeel/interrupted'), '');
    const { code, err } = await cli.done;
    expect(code).toBe(130);
    expect(err).toContain('interrupted: no app was brought up');
  });

  it('in the foreground the manager is told to end: none stays behind, exit 130', async () => {
    const { cwd, program } = scene(slow('process.exit(1)'));
    const cli = startCli(['start', '--foreground'], { cwd, program, env: process.env });
    await vi.waitFor(() => expect(existsSync(join(cwd, '.evenkeel/boot.json'))).toBe(true), { timeout: 10_000 });
    cli.interrupt();
    expect(await cli.done).toMatchObject({ code: 130, err: '' });
  });
});
