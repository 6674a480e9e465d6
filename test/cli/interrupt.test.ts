// Ctrl-C: aborts what this command began, waits for that, and exits with 130.

import { describe, expect, it } from 'vitest';
import type { EvenkeelEvent } from '../../src/core/events.ts';
import type { OperationResult } from '../../src/protocol/control-api.ts';
import { FakeManager, type Reply } from './support/fake-manager.ts';
import { folderWithConfig, type RunningCli, startCli } from './support/run.ts';
import * as samples from './support/samples.ts';

const began = (app: string): EvenkeelEvent => ({
  ...{ time: samples.TIME, generation: 4, app },
  type: 'deploy-started',
  reason: 'deploy',
  strategy: 'rolling',
});
const retiring = (app: string, committed: boolean): EvenkeelEvent => ({
  ...{ time: samples.TIME, app, generation: 4, ready: 2, desired: 2 },
  ...{ type: 'deploy-phase', phase: 'retiring', committed },
});
const aborted: OperationResult = samples.operationResult(
  samples.appResult({
    ok: false,
    message: 'generation 4 aborted',
    deploy: samples.deployResult({ outcome: 'aborted' }),
  }),
);

type Send = Parameters<Extract<Reply, { readonly stream: unknown }>['stream']>[0];

interface Scene {
  readonly manager: FakeManager;
  readonly cli: RunningCli;
}

/** An operation on `path` that tells `events`, and goes on with `then` only when its abort has been asked for. */
async function runningScene(
  path: string,
  args: readonly string[],
  events: readonly EvenkeelEvent[],
  then: (send: Send, close: () => void) => void,
): Promise<Scene> {
  const cwd = folderWithConfig();
  let goOn = (): void => {};
  const operation: Reply = {
    stream: (send, close) => {
      send({ type: 'accepted', operation: 7 });
      for (const event of events) send({ type: 'event', event });
      goOn = () => then(send, close);
    },
  };
  const abort: Reply = {
    stream: (send, close) => {
      send({ type: 'result', result: samples.operationResult() });
      close();
      goOn();
    },
  };
  const status = { json: samples.statusOf(samples.appStatus(), samples.appStatus({ name: 'api' })) };
  const replies = { [`POST ${path}`]: operation, 'POST /v1/abort': abort, 'GET /v1/status': status };
  const manager = await new FakeManager(replies).listen(cwd);
  return { manager, cli: startCli(args, { cwd }) };
}

/** It ends with `result`. */
function scene(
  path: string,
  args: readonly string[],
  events: readonly EvenkeelEvent[],
  result = aborted,
): Promise<Scene> {
  return runningScene(path, args, events, (send, close) => {
    send({ type: 'result', result });
    close();
  });
}

/** A deploy that tells `after`, and does not end. */
function lateScene(events: readonly EvenkeelEvent[], after: readonly EvenkeelEvent[] = []): Promise<Scene> {
  return runningScene('/v1/deploy', ['deploy', 'web', 'api'], events, (send) => {
    for (const event of after) send({ type: 'event', event });
  });
}

describe('Ctrl-C', () => {
  it.each([
    ['/v1/deploy', ['deploy', 'web']],
    ['/v1/deploy', ['deploy', '--all']],
    ['/v1/apps/web/rollback', ['rollback', 'web']],
    ['/v1/reload', ['reload']],
    ['/v1/start', ['start']],
  ])('%s: %j aborts what the operation began, shows how it ended and exits with 130', async (path, args) => {
    const { manager, cli } = await scene(path, args, [began('web')]);
    await cli.wrote('generation 4 begins');
    cli.interrupt();
    const { code, out, err } = await cli.done;
    expect({ code, out }).toEqual({ code: 130, out: '✗ web  deploy: generation 4 aborted (1.2 s)\n' });
    expect(err).not.toContain('not running');
    expect(manager.lines.slice(-2)).toEqual([`POST ${path}`, 'POST /v1/abort']);
    expect(manager.calls.at(-1)?.body).toEqual({ operation: 7 });
  });

  it('says so where it came too late, and exits with 0: all of it was done', async () => {
    const { cli } = await scene('/v1/start', ['start'], [began('web')], samples.operationResult(samples.appResult()));
    await cli.wrote('generation 4 begins');
    cli.interrupt();
    const { code, err } = await cli.done;
    expect(code).toBe(0);
    expect(err).toContain('interrupted, but it was too late: all of it was done');
  });

  it('waits for an operation that the manager has not accepted yet, and aborts it then', async () => {
    const cwd = folderWithConfig();
    let accept = (): void => {};
    let finish = (): void => {};
    const reload: Reply = {
      stream: (send, close) => {
        send({ type: 'event', event: began('api') });
        accept = () => send({ type: 'accepted', operation: 3 });
        finish = () => {
          send({ type: 'result', result: aborted });
          close();
        };
      },
    };
    const abort: Reply = {
      stream: (_send, close) => {
        finish();
        close();
      },
    };
    const manager = await new FakeManager({ 'POST /v1/reload': reload, 'POST /v1/abort': abort }).listen(cwd);
    const cli = startCli(['reload'], { cwd });
    await cli.wrote('api: generation 4 begins');
    cli.interrupt();
    accept();
    expect((await cli.done).code).toBe(130);
    expect(manager.calls.at(-1)).toEqual({ line: 'POST /v1/abort', body: { operation: 3 } });
  });

  it('a second one leaves at once', async () => {
    const { manager, cli } = await scene('/v1/deploy', ['deploy', 'api'], [began('api')]);
    await cli.wrote('generation 4 begins');
    cli.interrupt();
    await cli.wrote('Ctrl-C again leaves at once');
    cli.interrupt();
    expect(await cli.done).toMatchObject({ code: 130, out: '' });
    expect(cli.err()).toContain('the manager goes on with the abort by itself');
    expect(manager.lines).toContain('POST /v1/deploy');
  });

  it.each([
    [['stop', 'web', 'api'], '/v1/stop', 'the stop of web, api goes on by itself ('],
    [['restart', 'web'], '/v1/apps/web/restart', 'the restart of web goes on by itself ('],
    [
      ['restart', 'web', 'api'],
      '/v1/apps/web/restart',
      'the restart of web goes on by itself; not begun: the restart of api (',
    ],
    [['scale', 'web=4'], '/v1/apps/web/scale', 'the scaling of web to 4 goes on by itself ('],
  ])('%j is not undone: the command leaves, and says what goes on', async (args, path, left) => {
    const { manager, cli } = await scene(path, args, [began('web')]);
    await cli.wrote('generation 4 begins');
    cli.interrupt();
    const { code, err } = await cli.done;
    expect(code).toBe(130);
    expect(err).toContain(`interrupted, but ${left}`);
    expect(manager.lines.filter((line) => line.startsWith('POST'))).toEqual([`POST ${path}`]);
  });

  // Of a batch that is not the last one, or where the old ones finish first: they may have to come back.
  it('while old workers retire that may have to come back aborts', async () => {
    const { cli } = await scene('/v1/deploy', ['deploy', 'web'], [retiring('web', false)]);
    await cli.wrote('old workers');
    cli.interrupt();
    const { code, err } = await cli.done;
    expect([code, err]).toEqual([130, expect.stringContaining('aborting; Ctrl-C again')]);
  });

  it('while the last old workers retire leaves them to finish by themselves', async () => {
    const { manager, cli } = await lateScene([retiring('web', true)]);
    await cli.wrote('old workers');
    cli.interrupt();
    const { code, err } = await cli.done;
    expect(code).toBe(130);
    expect(err).toContain('too late for web: the new workers serve, and the old ones finish by themselves');
    expect(err).not.toContain('aborting');
    expect(manager.calls.at(-1)).toEqual({ line: 'POST /v1/abort', body: { operation: 7 } });
  });

  it('while the last old workers of one app retire waits for the abort of the other only', async () => {
    const ended: EvenkeelEvent = {
      ...{ time: samples.TIME, app: 'api', generation: 4, type: 'deploy-finished', outcome: 'aborted' },
      ...{ reason: 'interrupted', durationMs: 5, loss: { finished: 0, cut: 0, killed: 0 } },
    };
    const { cli } = await lateScene([retiring('web', true), began('api')], [ended]);
    await cli.wrote('generation 4 begins');
    cli.interrupt();
    const { code, err } = await cli.done;
    expect(code).toBe(130);
    expect(err).toMatch(/aborting[\s\S]*too late for web/);
  });

  it('ends what only follows', async () => {
    const cwd = folderWithConfig();
    const events: Reply = { stream: (send) => send(began('web')) };
    await new FakeManager({ 'GET /v1/events': events }).listen(cwd);
    const cli = startCli(['events', '-f'], { cwd });
    await cli.wrote('generation 4 begins');
    cli.interrupt();
    expect(await cli.done).toMatchObject({ code: 130, err: '' });
  });
});
