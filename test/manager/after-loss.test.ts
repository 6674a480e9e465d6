// A start or a restart whose cluster process is lost meanwhile, or the connection to it: what is told is what became of it.

import { describe, expect, it } from 'vitest';
import { deferred } from '../../src/core/deferred.ts';
import type { ManagerContext } from '../../src/manager/context.ts';
import { abortOperation } from '../../src/manager/operations/abort.ts';
import { deploy } from '../../src/manager/operations/deploy.ts';
import { restart } from '../../src/manager/operations/restart.ts';
import { start } from '../../src/manager/operations/start.ts';
import { stop } from '../../src/manager/operations/stop.ts';
import { appSpec } from '../support/app-spec.ts';
import { eventually } from '../support/eventually.ts';
import { ManagerRig } from '../support/manager-rig.ts';

interface Scene {
  readonly rig: ManagerRig;
  readonly context: ManagerContext;
}

async function opened(): Promise<Scene> {
  const rig = new ManagerRig([appSpec()]);
  const { context } = await rig.open();
  return { rig, context };
}

/** The `nth` deploy of the app is under way, and waits. */
async function held<T>({ rig }: Scene, nth: number, begin: () => Promise<T>): Promise<Promise<T>[]> {
  rig.script('web').hold = deferred();
  const result = begin();
  await rig.event('deploy-started', 'web', nth);
  // In a list: a promise would be waited for.
  return [result];
}

const killed = 'its cluster process was killed meanwhile';

describe('a start whose cluster process is killed', () => {
  it('is done when the successor has brought the app up', async () => {
    const scene = await opened();
    const [result] = await held(scene, 1, () => start(scene.context, null));
    scene.rig.script('web').hold = null;
    scene.rig.cluster('web').die();
    expect(await result).toMatchObject({
      ok: true,
      apps: [{ action: 'start', ok: true, message: `generation 2 serves; ${killed}`, error: null }],
    });
    expect(scene.rig.cluster('web').asked.filter((asked) => asked.startsWith('start'))).toHaveLength(1);
  });

  it('has failed where the successor could not bring it up, and says why', async () => {
    const scene = await opened();
    const [result] = await held(scene, 1, () => start(scene.context, null));
    // What it says of the one that was lost is not what the successor has come to.
    scene.rig.cluster('web').memory.history.push({
      ...{ generation: 1, outcome: 'failed', reason: 'start', startedAt: '', durationMs: 1, pinned: null },
      ...{ loss: { finished: 0, cut: 0, killed: 0 }, current: false },
    });
    Object.assign(scene.rig.script('web'), { hold: null, outcome: 'timed-out', reason: 'worker 0 was not ready' });
    scene.rig.cluster('web').die();
    expect((await result)?.apps).toMatchObject([
      {
        ok: false,
        message: `generation 2 timed-out: ${killed} (worker 0 was not ready)`,
        error: null,
        deploy: { outcome: 'timed-out' },
      },
    ]);
  });

  it('is not begun again where the app is stopped meanwhile', async () => {
    const scene = await opened();
    const { rig, context } = scene;
    const [result] = await held(scene, 1, () => start(context, null));
    rig.cluster('web').die();
    await rig.event('deploy-started', 'web', 2);
    await stop(context, ['web'], null);
    expect((await result)?.apps).toMatchObject([{ ok: false, error: { code: 'APP_STOPPED' } }]);
    expect(rig.isRunning('web')).toBe(false);
  });

  it('can be aborted while the successor brings the app up', async () => {
    const scene = await opened();
    const { rig, context } = scene;
    let id = 0;
    const [result] = await held(scene, 1, () =>
      context.underWay.track((operation, number) => {
        id = number;
        return start(context, null, {}, operation);
      }),
    );
    rig.cluster('web').die();
    await rig.event('deploy-started', 'web', 2);
    await abortOperation(context, id);
    expect((await result)?.apps).toMatchObject([{ ok: false, message: 'aborted; it is stopped again' }]);
    expect(rig.isRunning('web')).toBe(false);
  });
});

describe('a restart whose cluster process is killed', () => {
  it('is done when the successor has brought the app up, whatever became of the new generation', async () => {
    const scene = await opened();
    await start(scene.context, null);
    const [result] = await held(scene, 2, () => restart(scene.context, 'web'));
    const { memory } = scene.rig.cluster('web');
    const [first] = memory.history;
    if (first === undefined) throw new Error('nothing was deployed');
    memory.history.push({ ...first, generation: 2, outcome: 'failed', current: false });
    scene.rig.script('web').hold = null;
    scene.rig.cluster('web').die();
    expect(await result).toMatchObject({
      ok: true,
      apps: [{ action: 'restart', ok: true, message: `generation 1 serves; ${killed}`, error: null }],
    });
  });
});

describe('a deploy whose cluster process is killed', () => {
  it('has failed, and that is told once', async () => {
    const scene = await opened();
    const { rig, context } = scene;
    await start(context, null);
    const [result] = await held(scene, 2, () => deploy(context, ['web'], {}));
    const { memory } = rig.cluster('web');
    const [first] = memory.history;
    if (first === undefined) throw new Error('nothing was deployed');
    const reason = 'deploy: the cluster process was killed during the deploy';
    memory.history.push({ ...first, generation: 2, outcome: 'failed', current: false, reason });
    rig.cluster('web').die();
    const message = 'generation 2 failed: the cluster process was killed during the deploy';
    expect((await result)?.apps).toMatchObject([{ action: 'deploy', ok: false, message }]);
  });
});

describe('where only the connection to the cluster process breaks', () => {
  it.each([
    ['done', true, 'generation 2 serves; the connection to its cluster process broke meanwhile'],
    [
      'failed',
      false,
      'generation 2 failed: the connection to its cluster process broke meanwhile (worker 0 exited with code 1)',
    ],
  ] as const)('a deploy goes on, and is told as it ends: %s', async (outcome, ok, message) => {
    const scene = await opened();
    const { rig, context } = scene;
    await start(context, null);
    const [result] = await held(scene, 2, () => deploy(context, ['web'], {}));
    const reconnected = rig.cluster('web').connected();
    rig.cluster('web').disconnect();
    await reconnected;
    // It goes on still when it is looked for.
    await eventually('its history is asked for', () => rig.cluster('web').asked.includes('history'));
    Object.assign(rig.script('web'), { outcome, reason: outcome === 'done' ? '' : 'worker 0 exited with code 1' });
    rig.script('web').hold?.resolve();
    expect(await result).toMatchObject({ ok, apps: [{ action: 'deploy', ok, message, error: null }] });
    expect(rig.events.filter(({ type }) => type === 'cluster-lost')).toEqual([]);
  });

  it('a deploy is told as it ended, and not as one that came after it', async () => {
    const scene = await opened();
    const { rig, context } = scene;
    await start(context, null);
    const [result] = await held(scene, 2, () => deploy(context, ['web'], {}));
    const { memory } = rig.cluster('web');
    const reconnected = rig.cluster('web').connected();
    rig.cluster('web').disconnect();
    await reconnected;
    await eventually('its history is asked for', () => rig.cluster('web').asked.includes('history'));
    Object.assign(rig.script('web'), { outcome: 'failed', reason: 'worker 0 exited with code 1' });
    rig.script('web').hold?.resolve();
    await rig.event('deploy-finished', 'web', 2);
    const [first] = memory.history;
    if (first === undefined) throw new Error('nothing was deployed');
    memory.history.push({ ...first, generation: 3 });
    expect((await result)?.apps).toMatchObject([{ ok: false, deploy: { generation: 2, outcome: 'failed' } }]);
  });

  it('a start goes on, and is done', async () => {
    const scene = await opened();
    const { rig, context } = scene;
    const [result] = await held(scene, 1, () => start(context, null));
    const reconnected = rig.cluster('web').connected();
    rig.cluster('web').disconnect();
    await reconnected;
    rig.script('web').hold?.resolve();
    expect((await result)?.apps).toMatchObject([
      { ok: true, message: 'generation 1 serves; the connection to its cluster process broke meanwhile' },
    ]);
  });
});
