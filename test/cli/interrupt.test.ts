// Ctrl-C: aborts what this command began, waits for that, and exits with 130.

import { describe, expect, it } from 'vitest';
import type { EvenkeelEvent } from '../../src/core/events.ts';
import type { OperationResult } from '../../src/protocol/control-api.ts';
import { FakeManager, type Reply } from './support/fake-manager.ts';
import { folderWithConfig, type RunningCli, startCli } from './support/run.ts';
import * as samples from './support/samples.ts';

const base = { time: samples.TIME, generation: 4 };
const began = (app: string): EvenkeelEvent => ({
  ...base,
  app,
  type: 'deploy-started',
  reason: 'deploy',
  strategy: 'rolling',
});
const ended = (app: string): EvenkeelEvent => {
  const loss = { finished: 0, cut: 0, killed: 0 };
  return { ...base, app, type: 'deploy-finished', outcome: 'done', reason: 'deploy', durationMs: 1, loss };
};
const aborted: OperationResult = samples.operationResult(
  samples.appResult({
    ok: false,
    message: 'generation 4 aborted',
    deploy: samples.deployResult({ outcome: 'aborted' }),
  }),
);

interface Scene {
  readonly manager: FakeManager;
  readonly cli: RunningCli;
}

/** An operation on `path` that tells `events` and then ends only when an abort has been asked of `web`. */
async function scene(path: string, args: readonly string[], events: readonly EvenkeelEvent[]): Promise<Scene> {
  const cwd = folderWithConfig();
  let finish = (): void => {};
  const operation: Reply = {
    stream: (send, close) => {
      for (const event of events) send({ type: 'event', event });
      finish = () => {
        send({ type: 'result', result: aborted });
        close();
      };
    },
  };
  const abort: Reply = {
    stream: (send, close) => {
      send({ type: 'result', result: samples.operationResult() });
      close();
      finish();
    },
  };
  const manager = await new FakeManager({ [`POST ${path}`]: operation, 'POST /v1/apps/web/abort': abort }).listen(cwd);
  return { manager, cli: startCli(args, { cwd }) };
}

describe('Ctrl-C', () => {
  it.each([
    ['/v1/deploy', ['deploy', 'web']],
    ['/v1/deploy', ['deploy', '--all']],
    ['/v1/apps/web/rollback', ['rollback', 'web']],
    ['/v1/reload', ['reload']],
    ['/v1/start', ['start']],
  ])('%s: %j aborts the deploy, shows how it ended and exits with 130', async (path, args) => {
    const { manager, cli } = await scene(path, args, [began('web')]);
    await cli.wrote('generation 4 begins');
    cli.interrupt();
    expect(await cli.done).toMatchObject({ code: 130, out: '✗ web  deploy: generation 4 aborted (1.2 s)\n' });
    expect(manager.lines.slice(-2)).toEqual([`POST ${path}`, 'POST /v1/apps/web/abort']);
  });

  it('leaves deploys that have ended, and those of others, alone', async () => {
    const { manager, cli } = await scene('/v1/reload', ['reload'], [began('api'), ended('api'), began('web')]);
    await cli.wrote('web: generation 4 begins');
    cli.interrupt();
    expect((await cli.done).code).toBe(130);
    expect(manager.lines).not.toContain('POST /v1/apps/api/abort');
  });

  it('aborts a deploy that begins only afterwards', async () => {
    const cwd = folderWithConfig();
    let tell = (_event: EvenkeelEvent): void => {};
    let finish = (): void => {};
    const reload: Reply = {
      stream: (send, close) => {
        tell = (event) => send({ type: 'event', event });
        tell(began('api'));
        tell(ended('api'));
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
    await new FakeManager({ 'POST /v1/reload': reload, 'POST /v1/apps/web/abort': abort }).listen(cwd);
    const cli = startCli(['reload'], { cwd });
    await cli.wrote('api: generation 4 begins');
    cli.interrupt();
    tell(began('web'));
    expect((await cli.done).code).toBe(130);
  });

  it('a second one leaves at once', async () => {
    const { manager, cli } = await scene('/v1/deploy', ['deploy', 'api'], [began('api')]);
    await cli.wrote('generation 4 begins');
    cli.interrupt();
    await cli.wrote('Ctrl-C again leaves at once');
    cli.interrupt();
    expect(await cli.done).toMatchObject({ code: 130, out: '' });
    expect(cli.err()).toContain('the manager goes on by itself');
    expect(manager.lines).toContain('POST /v1/deploy');
  });

  it.each([[['stop', 'web'], '/v1/stop']])(
    '%j is not undone: the command leaves and the manager goes on',
    async (args, path) => {
      const { manager, cli } = await scene(path, args, [began('web')]);
      await cli.wrote('generation 4 begins');
      cli.interrupt();
      expect((await cli.done).code).toBe(130);
      expect(manager.lines).toEqual([`POST ${path}`]);
    },
  );

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
