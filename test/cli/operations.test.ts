// The commands that change something: what they ask of the manager, what they say, and with which code they exit.

import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { viewOperation } from '../../src/cli/operation-view.ts';
import { plainStyle } from '../../src/cli/style.ts';
import type { EvenkeelEvent } from '../../src/core/events.ts';
import { packageVersion } from '../../src/platform/entry-points.ts';
import type { OperationResult } from '../../src/protocol/control-api.ts';
import { FakeManager, type Reply } from './support/fake-manager.ts';
import { folderWithConfig, run } from './support/run.ts';
import * as samples from './support/samples.ts';

const started: EvenkeelEvent = {
  ...{ time: samples.TIME, app: 'web', type: 'worker-started' },
  ...{ slot: 0, pid: 123, generation: 4 },
};

function answer(result: OperationResult, ...events: readonly EvenkeelEvent[]): Reply {
  return {
    stream: (send, close) => {
      for (const event of events) send({ type: 'event', event });
      send({ type: 'result', result });
      close();
    },
  };
}

function refuse(code: string, message: string): Reply {
  return {
    stream: (send, close) => {
      send({ type: 'error', error: { code, message, hint: null } });
      close();
    },
  };
}

const fine = samples.operationResult(samples.appResult({ deploy: samples.deployResult() }));
const known = { 'GET /v1/status': { json: samples.statusOf(samples.appStatus(), samples.appStatus({ name: 'api' })) } };

describe('what is asked of the manager', () => {
  it.each([
    [['reload'], [['POST /v1/reload', {}]]],
    [['reload', '--profile', 'production'], [['POST /v1/reload', { profile: 'production' }]]],
    [['reload', '--profile', ''], [['POST /v1/reload', { profile: null }]]],
    [['deploy', 'web', 'api'], [['POST /v1/deploy', { apps: ['web', 'api'], options: {} }]]],
    [['deploy', '--all', '--no-wait'], [['POST /v1/deploy', { all: true, options: { wait: false } }]]],
    [
      ['deploy', 'web', '--env', 'A=1', '--env', 'B=x=y', '--workers', '3', '--timeout', '90s'],
      [['POST /v1/deploy', { apps: ['web'], options: { env: { A: '1', B: 'x=y' }, workers: 3, timeout: 90_000 } }]],
    ],
    [
      ['deploy', 'web', '--script', 'next/server', '--cwd', 'next'],
      [['POST /v1/deploy', { apps: ['web'], options: { script: 'HERE/next/server', cwd: 'HERE/next' } }]],
    ],
    [
      ['deploy', 'web', '--shell-env', '--env', 'HOME=/other'],
      [
        [
          'POST /v1/deploy',
          { apps: ['web'], options: { env: { HOME: '/other' }, shellEnv: { HOME: '/home/me', COLOR: 'red' } } },
        ],
      ],
    ],
    [['abort', 'web'], [['POST /v1/apps/web/abort', {}]]],
    [['deploy-abort', 'web'], [['POST /v1/apps/web/abort', {}]]],
    [['rollback', 'web'], [['POST /v1/apps/web/rollback', {}]]],
    [['rollback', 'web', '--to', '3', '--timeout', '500ms'], [['POST /v1/apps/web/rollback', { to: 3, timeout: 500 }]]],
    [['rollback', 'web', '--timeout', '1500'], [['POST /v1/apps/web/rollback', { timeout: 1500 }]]],
    [['stop', 'web', '--timeout', '0'], [['POST /v1/stop', { apps: ['web'], timeout: 0 }]]],
    [
      ['restart', 'web', 'api'],
      [
        ['GET /v1/status', null],
        ['POST /v1/apps/web/restart', {}],
        ['POST /v1/apps/api/restart', {}],
      ],
    ],
    [
      ['scale', 'web=4', 'api=2'],
      [
        ['GET /v1/status', null],
        ['POST /v1/apps/web/scale', { workers: 4 }],
        ['POST /v1/apps/api/scale', { workers: 2 }],
      ],
    ],
    [['signal', 'web', 'SIGUSR2'], [['POST /v1/apps/web/signal', { signal: 'SIGUSR2' }]]],
    [['signal', 'web', 'usr2'], [['POST /v1/apps/web/signal', { signal: 'SIGUSR2' }]]],
    [['signal', 'web', '1'], [['POST /v1/apps/web/signal', { signal: 'SIGHUP' }]]],
    [['send', 'web', 'clear cache'], [['POST /v1/apps/web/send', { message: 'clear cache' }]]],
    [['send', 'web', '{"a":1}'], [['POST /v1/apps/web/send', { message: '{"a":1}' }]]],
    [['send', 'web', '{"a":1}', '--parse'], [['POST /v1/apps/web/send', { message: { a: 1 } }]]],
    [['send', 'web', '--parse', 'null'], [['POST /v1/apps/web/send', { message: null }]]],
    [['send', 'web', '--', '--parse'], [['POST /v1/apps/web/send', { message: '--parse' }]]],
    [['stop', 'web', '--timeout', '5s'], [['POST /v1/stop', { apps: ['web'], timeout: 5000 }]]],
    [['start', 'web'], [['POST /v1/start', { apps: ['web'] }]]],
    [['start'], [['POST /v1/start', {}]]],
  ])('%j', async (args, expected) => {
    const cwd = folderWithConfig();
    mkdirSync(join(cwd, 'next'));
    writeFileSync(join(cwd, 'next/server.js'), '');
    const paths = expected.map(([line]) => String(line)).filter((line) => line.startsWith('POST'));
    const replies = Object.fromEntries(paths.map((line) => [line, answer(fine)]));
    const manager = await new FakeManager({ ...known, ...replies }).listen(cwd);
    const shell = { _: '/bin/x', SHLVL: '2', PWD: '/', OLDPWD: '/' };
    const env = { HOME: '/home/me', COLOR: 'red', GONE: undefined, ...shell };
    const { code } = await run(args, { cwd, env });
    expect(code).toBe(0);
    const calls = manager.calls.filter((call) => call.line !== 'GET /v1/version').map(({ line, body }) => [line, body]);
    expect(JSON.parse(JSON.stringify(calls).replaceAll(cwd, 'HERE'))).toEqual(expected);
  });

  it.each([
    [['--script', 'nope.js'], "option '--script': the script HERE/nope.js does not exist"],
    [
      ['--script', 'evenkeel.config.yaml/nope.js'],
      "option '--script': the script HERE/evenkeel.config.yaml/nope.js does not exist",
    ],
    [['--cwd', 'nope'], "option '--cwd': there is no directory HERE/nope"],
    [['--cwd', 'evenkeel.config.yaml'], "option '--cwd': there is no directory HERE/evenkeel.config.yaml"],
  ])('deploy %j, which is not there: nothing is asked, exit 2', async (args, fault) => {
    const cwd = folderWithConfig();
    const manager = await new FakeManager(known).listen(cwd);
    const { code, err } = await run(['deploy', 'web', ...args], { cwd });
    expect(code).toBe(2);
    const hint = 'It is looked for from where you are, HERE. Nothing was begun.';
    expect(err.replaceAll(cwd, 'HERE')).toBe(`error: ${fault}\nhint: ${hint}\n`);
    expect(manager.lines).toEqual([]);
  });

  it.each([[['restart', 'web', 'nope']], [['scale', 'web=4', 'nope=2']]])(
    '%j names no app that exists: nothing is asked, exit 2',
    async (args) => {
      const cwd = folderWithConfig();
      const manager = await new FakeManager(known).listen(cwd);
      const { code, err } = await run(args, { cwd });
      expect(code).toBe(2);
      expect(err).toBe('error: there is no app named "nope"\nhint: There are: web, api.\n');
      expect(manager.lines).toEqual(['GET /v1/status']);
    },
  );
});

describe('--profile, where the manager runs with another one', () => {
  const replies = { ...known, 'POST /v1/start': answer(fine), 'POST /v1/deploy': answer(fine) };

  it.each([[['start']], [['deploy', 'web']], [['status']]])(
    '%j says that it has no effect, and what has',
    async (args) => {
      const cwd = folderWithConfig();
      await new FakeManager(replies).listen(cwd);
      const { code, err } = await run([...args, '--profile', 'production'], { cwd });
      expect(code).toBe(0);
      expect(err).toContain(
        '--profile production has no effect: the manager runs without a profile; `evenkeel reload --profile production` switches\n',
      );
    },
  );

  it('says nothing where it is the same, and with --json', async () => {
    const cwd = folderWithConfig();
    const { manager, apps } = samples.statusOf(samples.appStatus());
    const json = { manager: { ...manager, profile: 'production' }, apps };
    await new FakeManager({ ...replies, 'GET /v1/status': { json } }).listen(cwd);
    expect((await run(['status', '--profile', 'production'], { cwd })).err).toBe('');
    expect((await run(['status', '--profile', 'staging', '--json'], { cwd })).err).toBe('');
    expect((await run(['status', '--profile', 'staging'], { cwd })).err).toContain('runs with profile production');
  });
});

describe('signal and send', () => {
  it.each([
    [['signal', 'web', 'SIGFOO'], '"SIGFOO" is not a signal that this system has'],
    [['signal', 'web', '0'], '"0" is not a signal'],
    [['signal', 'web'], "missing required argument 'signal'"],
    [['send', 'web', '{a: 1}', '--parse'], 'the message is not JSON'],
    [['send', 'web'], "missing required argument 'message'"],
  ])('%j is bad usage: exit 2, and nothing is asked', async (args, message) => {
    const cwd = folderWithConfig();
    const manager = await new FakeManager(known).listen(cwd);
    const { code, out, err } = await run(args, { cwd });
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
    expect(manager.lines).toEqual([]);
  });

  it('show each worker; one that did not get it is a failure', async () => {
    const cwd = folderWithConfig();
    const workers = [
      { slot: 0, pid: 11, generation: 3, problem: null },
      { slot: 1, pid: 12, generation: 3, problem: 'it has closed its channel' },
    ];
    const message = 'message sent to 1 of 2 workers';
    const told = samples.appResult({ action: 'send', ok: false, message, workers, durationMs: 0 });
    const result = samples.operationResult(told);
    await new FakeManager({ 'POST /v1/apps/web/send': answer(result) }).listen(cwd);
    expect(await run(['send', 'web', 'hello'], { cwd })).toEqual({
      code: 1,
      out: [
        '✗ web  send: message sent to 1 of 2 workers',
        '  ✓ worker 0 (pid 11, generation 3)',
        '  ✗ worker 1 (pid 12, generation 3): it has closed its channel',
        '',
      ].join('\n'),
      err: 'web: send failed: message sent to 1 of 2 workers\n',
    });
    expect(JSON.parse((await run(['send', 'web', 'hello', '--json'], { cwd })).out)).toEqual(result);
  });
});

async function deploy(result: OperationResult, ...args: readonly string[]): Promise<Awaited<ReturnType<typeof run>>> {
  const cwd = folderWithConfig();
  await new FakeManager({ 'POST /v1/deploy': answer(result, started) }).listen(cwd);
  return run(['deploy', 'web', ...args], { cwd });
}

async function stopOf(result: OperationResult, version: Reply): Promise<Awaited<ReturnType<typeof run>>> {
  const cwd = folderWithConfig();
  await new FakeManager({ 'POST /v1/stop': answer(result), 'GET /v1/version': version }).listen(cwd);
  return run(['stop'], { cwd });
}

describe('how it went', () => {
  it('a deploy that is done: the result with its loss report on stdout, what happened on stderr, exit 0', async () => {
    expect(await deploy(fine)).toEqual({
      code: 0,
      out: '✓ web  deploy: generation 4 serves; drained 12 requests, cut 0, killed 0 (1.2 s)\n',
      err: 'web: worker 0 started (pid 123, generation 4)\n',
    });
  });

  it('a deploy that failed: the reason and what the worker wrote last, exit 1', async () => {
    const lastLines = Array.from({ length: 25 }, (_, index) => `line ${index}`);
    const failure = samples.workerFailure({ lastLines });
    const result = samples.operationResult(
      samples.appResult({
        ...{ ok: false, message: 'generation 4 failed: worker 1 exited with code 1', failure },
        deploy: samples.deployResult({ outcome: 'failed', failure, hookOutput: ['migrated'] }),
      }),
    );
    const { code, out, err } = await deploy(result);
    expect(code).toBe(1);
    expect(out).toBe('✗ web  deploy: generation 4 failed: worker 1 exited with code 1 (1.2 s)\n');
    expect(err.split('\n').slice(1)).toEqual([
      'web: deploy failed: generation 4 failed: worker 1 exited with code 1',
      '  the hooks wrote:',
      '    migrated',
      '  worker 1 (pid 123) wrote last:',
      ...lastLines.slice(-20).map((line) => `    ${line}`),
      '',
    ]);
  });

  it('a port that the app found taken: who has it, and that it may be declared', async () => {
    const server = createServer().listen(0);
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const lastLines = [
      `Error: listen EADDRINUSE: address already in use :::${port}`,
      '    at Server.setupListenHandle',
    ];
    const failure = samples.workerFailure({ lastLines });
    const result = samples.appResult({ ok: false, message: 'generation 4 failed: worker 1 exited', failure });
    const { err } = await deploy(samples.operationResult(result));
    // Elsewhere than on Linux nobody knows who.
    expect(err).toMatch(
      new RegExp(`hint: port ${port} is taken by (.* \\(pid ${process.pid}\\)|another process): stop`),
    );
    expect(err).toContain(`\`listen: [${port}]\``);
  });

  it.each([
    ['deploy' as const, '`evenkeel restart web` gives it to the new ones'],
    ['start' as const, 'If another app has it, use another port'],
  ])('a port that a process of ours has is not to be freed by ending that (%s)', (action, advice) => {
    const lastLines = ['Error: listen EADDRINUSE: address already in use :::3000'];
    const failure = samples.workerFailure({ lastLines });
    const result = samples.operationResult(samples.appResult({ ok: false, action, failure }));
    const holder = { pid: 4711, command: 'evenkeel manager of shop', ours: true };
    const rules = { out: plainStyle, err: plainStyle, together: false };
    const { err } = viewOperation(result, { ...rules, holderOf: () => holder });
    expect(err).toContain('hint: evenkeel holds port 3000: evenkeel manager of shop (pid 4711)');
    expect(err).toContain(advice);
    expect(err).not.toMatch(/stop that|`listen: /);
    // Where the system does not tell: the address has just been taken out of `listen`.
    const [app] = result.apps;
    const dropped = { ...result, apps: app === undefined ? [] : [{ ...app, reasons: ['env.A, listen changed'] }] };
    expect(viewOperation(dropped, { ...rules, holderOf: () => null }).err).toContain('hint: evenkeel holds port 3000.');
  });

  it('--json: the result and nothing else, with the same exit code', async () => {
    const failed = samples.operationResult(samples.appResult({ ok: false }));
    const { code, out, err } = await deploy(failed, '--json');
    expect([code, err]).toEqual([1, '']);
    expect(JSON.parse(out)).toEqual(failed);
  });

  it('reasons, notices, apps that are skipped and those with nothing to do', async () => {
    const result = {
      ...samples.operationResult(
        samples.appResult({ reasons: ['env.PORT changed'], deploy: samples.deployResult() }),
        samples.appResult({ app: 'api', action: 'skipped', ok: false, message: 'web did not start', durationMs: 0 }),
        samples.appResult({ app: 'old', action: 'none', message: 'unchanged' }),
      ),
      notices: ['web: balance changed'],
    };
    expect((await deploy(result)).out).toBe(
      [
        '✓ web  deploy (env.PORT changed): generation 4 serves; drained 12 requests, cut 0, killed 0 (1.2 s)',
        '- api  skipped: web did not start',
        '! web: balance changed',
        '',
      ].join('\n'),
    );
  });

  it('says nothing twice: reasons that begin with the action, and on a terminal what is above', async () => {
    const back = samples.appResult({ action: 'rollback', reasons: ['rollback to 1'], deploy: samples.deployResult() });
    const why = 'it depends on web, which failed';
    const missed = samples.appResult({ app: 'api', action: 'skipped', ok: false, message: why, durationMs: 0 });
    const result = samples.operationResult(back, samples.appResult({ ok: false, message: 'no' }), missed);
    const cwd = folderWithConfig();
    await new FakeManager({ 'POST /v1/deploy': answer(result) }).listen(cwd);
    const plain = await run(['deploy', 'web'], { cwd });
    expect(plain.out.split('\n')[0]).toMatch(/^✓ web {2}rollback to 1: generation 4 serves;/);
    expect(plain.out).toContain(`- api  skipped: ${why}\n`);
    expect(plain.err).toBe(`web: deploy failed: no\napi: skipped: ${why}\n`);
    const terminal = await run(['deploy', 'web', '--no-color'], { cwd, isTTY: true });
    expect(terminal.err).not.toContain('failed');
  });

  it.each([
    ['of the deploy', { deploy: samples.deployResult({ outcome: 'failed', hint: 'Put it back.' }) }],
    ['of the worker', { failure: samples.workerFailure({ hint: 'Put it back.' }) }],
    [
      'of the worker that failed the deploy',
      {
        deploy: samples.deployResult({
          outcome: 'failed',
          hint: null,
          failure: samples.workerFailure({ hint: 'Put it back.' }),
        }),
      },
    ],
  ])('what to do about a failure %s is said', async (_whose, change) => {
    const failed = samples.appResult({ ok: false, message: 'no', ...change });
    expect((await deploy(samples.operationResult(failed))).err).toContain('  hint: Put it back.\n');
  });

  it('an app that was to be left as it is, and does not run: a line, the reason and the last lines', async () => {
    const down = samples.appResult({
      ...{
        action: 'none',
        ok: false,
        message: 'does not run (backoff): worker 0 exited with code 1; it is tried again',
      },
      ...{ durationMs: 0, failure: samples.workerFailure({ reason: 'exited with code 1', lastLines: ['boom'] }) },
    });
    const { code, out, err } = await deploy(samples.operationResult(down));
    expect([code, out]).toEqual([1, `✗ web  ${down.message}\n`]);
    expect(err).toMatch(/^web: does not run .*\n {2}worker 1 .*wrote last:\n {4}boom\n$/m);
  });

  it('nothing to do', async () => {
    const result = samples.operationResult(samples.appResult({ action: 'none' }));
    expect(await deploy(result)).toMatchObject({ code: 0, out: 'nothing to do\n' });
  });

  it.each([
    ['all timed out', 4, [samples.appResult({ ok: false, deploy: samples.deployResult({ outcome: 'timed-out' }) })]],
    [
      'one timed out, one failed',
      1,
      [
        samples.appResult({ ok: false, deploy: samples.deployResult({ outcome: 'timed-out' }) }),
        samples.appResult({ ok: false }),
      ],
    ],
    ['one of two failed', 1, [samples.appResult(), samples.appResult({ ok: false })]],
    [
      'an error with a code',
      4,
      [samples.appResult({ ok: false, error: { code: 'TIMED_OUT', message: 'no', hint: null } })],
    ],
  ])('%s: exit %i', async (_name, code, apps) => {
    expect((await deploy(samples.operationResult(...apps))).code).toBe(code);
  });

  it.each([
    ['DEPLOY_IN_PROGRESS', 1],
    ['NO_SUCH_APP', 2],
    ['CONFIG_INVALID', 2],
    ['TIMED_OUT', 4],
    ['A_CODE_OF_A_LATER_VERSION', 1],
  ])('refused with %s: exit %i', async (code, exit) => {
    const cwd = folderWithConfig();
    await new FakeManager({ 'POST /v1/deploy': refuse(code, 'it is so') }).listen(cwd);
    expect(await run(['deploy', 'web'], { cwd })).toEqual({ code: exit, out: '', err: 'error: it is so\n' });
  });

  it('the manager dies meanwhile: says how to go on, exit 3', async () => {
    const cwd = folderWithConfig();
    const dying: Reply = {
      stream: (send) => {
        send({ type: 'event', event: started });
        manager.die();
      },
    };
    const manager = await new FakeManager({ 'POST /v1/deploy': dying }).listen(cwd);
    const { code, err } = await run(['deploy', 'web'], { cwd });
    expect(code).toBe(3);
    expect(err).toContain('the manager ended before it had answered');
    expect(err).toContain('evenkeel history APP');
  });

  it('only the connection breaks: says that it goes on, and how to see its result, exit 1', async () => {
    const cwd = folderWithConfig();
    await new FakeManager({ 'POST /v1/deploy': { stream: (_send, close) => close() } }).listen(cwd);
    const { code, err } = await run(['deploy', 'web'], { cwd });
    expect(code).toBe(1);
    expect(err).toContain('the connection to the manager broke before it had answered');
    expect(err).toContain('evenkeel history APP');
  });

  it('a start where the manager runs says so', async () => {
    const cwd = folderWithConfig();
    await new FakeManager({ 'POST /v1/start': answer(fine) }).listen(cwd);
    const { err } = await run(['start'], { cwd });
    expect(err).toContain('the manager runs already (pid 4321)\n');
    expect(err).toContain(`it is of version 9.8.7, and this is ${packageVersion()}. To replace it: \`kill -9 4321\``);
  });

  it('a stop of everything waits until the manager has ended', async () => {
    const cwd = folderWithConfig();
    const stopped = samples.operationResult(samples.appResult({ action: 'stop', message: 'stopped' }));
    // A pid that nothing has.
    const version = { json: { version: '9.8.7', pid: 2 ** 22 + 1 } };
    await new FakeManager({ 'POST /v1/stop': answer(stopped), 'GET /v1/version': version }).listen(cwd);
    expect(await run(['stop'], { cwd })).toMatchObject({
      code: 0,
      out: '✓ web  stop: stopped (1.2 s)\nmanager stopped (pid 4194305)\n',
    });
    const idle = samples.operationResult();
    await expect(stopOf(idle, version)).resolves.toMatchObject({ out: 'manager stopped (pid 4194305)\n' });
  });

  it('a live display on a terminal leaves nothing but the result', async () => {
    const cwd = folderWithConfig();
    await new FakeManager({ 'POST /v1/deploy': answer(fine, started) }).listen(cwd);
    const { code, out, err } = await run(['deploy', 'web', '--no-color'], { cwd, isTTY: true });
    expect([code, out]).toEqual([
      0,
      '✓ web  deploy: generation 4 serves; drained 12 requests, cut 0, killed 0 (1.2 s)\n',
    ]);
    expect(err).toContain('generation 4  worker 0  booting   pid 123');
    expect(err).not.toContain('web: worker 0 started');
    expect(err.endsWith('\u001b[2K\u001b[G\u001b[?2026l'), 'the display is erased').toBe(true);
  });
});

describe.each([['--quiet'], ['-q']])('%s', (flag) => {
  const profiled = { 'GET /v1/status': { json: samples.statusOf(samples.appStatus()) } };

  it('says nothing of a change that went well', async () => {
    const cwd = folderWithConfig();
    await new FakeManager({ ...profiled, 'POST /v1/deploy': answer(fine, started) }).listen(cwd);
    expect(await run(['deploy', 'web', flag], { cwd })).toEqual({ code: 0, out: '', err: '' });
    expect(await run(['deploy', 'web', flag, '--profile', 'other'], { cwd })).toEqual({ code: 0, out: '', err: '' });
  });

  it('tells one that failed as ever, but for the progress', async () => {
    const failed = samples.operationResult(samples.appResult({ ok: false, message: 'it died' }));
    const cwd = folderWithConfig();
    await new FakeManager({ 'POST /v1/deploy': answer(failed, started) }).listen(cwd);
    const { code, out, err } = await run([flag, 'deploy', 'web'], { cwd });
    expect([code, out]).toEqual([1, expect.stringContaining('it died')]);
    expect(err).toBe('web: deploy failed: it died\n');
  });

  it('leaves what is asked for', async () => {
    const cwd = folderWithConfig();
    await new FakeManager(profiled).listen(cwd);
    expect((await run(['status', flag], { cwd })).out).toContain('web');
    expect(JSON.parse((await run(['status', flag, '--json'], { cwd })).out)).toMatchObject({ apps: [{ name: 'web' }] });
  });
});
