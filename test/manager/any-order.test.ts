// Commands, and deaths of cluster processes, in any order and at once: each command ends, and the last stop and the last
// start have the last word.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ManagerContext } from '../../src/manager/context.ts';
import { abort } from '../../src/manager/operations/abort.ts';
import { deploy } from '../../src/manager/operations/deploy.ts';
import { reload } from '../../src/manager/operations/reload.ts';
import { restart } from '../../src/manager/operations/restart.ts';
import { rollback } from '../../src/manager/operations/rollback.ts';
import { scale } from '../../src/manager/operations/scale.ts';
import { start } from '../../src/manager/operations/start.ts';
import { status } from '../../src/manager/operations/status.ts';
import { stop } from '../../src/manager/operations/stop.ts';
import { appSpec } from '../support/app-spec.ts';
import { ManagerRig } from '../support/manager-rig.ts';
import { quickClock } from '../support/quick-clock.ts';

const web = appSpec();

const steps: Readonly<Record<string, (context: ManagerContext, rig: ManagerRig) => Promise<unknown>>> = {
  start: (context) => start(context, ['web']),
  stop: (context) => stop(context, ['web'], null),
  'stop now': (context) => stop(context, ['web'], 0),
  deploy: (context) => deploy(context, ['web'], { env: { A: 'command' } }),
  rollback: (context) => rollback(context, 'web', {}),
  restart: (context) => restart(context, 'web'),
  scale: (context) => scale(context, 'web', 5),
  reload: (context) => reload(context),
  abort: (context) => abort(context, 'web'),
  rebalance: async (_context, rig) => {
    rig.apps = [{ ...web, balance: 'round-robin' }];
  },
  death: async (_context, rig) => {
    for (const cluster of rig.clusters) if (cluster.alive) cluster.die();
  },
};

it('ends as the last command says', { timeout: 120_000 }, async () => {
  const step = fc.record({
    name: fc.constantFrom(...Object.keys(steps)),
    turns: fc.nat({ max: 20 }),
    alone: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), async (sequence) => {
      const rig = new ManagerRig([web]);
      rig.clock = quickClock(50);
      const { context, close } = await rig.open();
      const all: Promise<unknown>[] = [];
      for (const { name, turns, alone } of [{ name: 'start', turns: 0, alone: true }, ...sequence]) {
        // What is refused is refused; everything is answered.
        all.push(
          steps[name]?.(context, rig).catch((error) => expect(error).toHaveProperty('code')) ?? Promise.resolve(),
        );
        if (alone) await Promise.all(all);
        for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      }
      const stopped = await stop(context, ['web'], null);
      await Promise.all(all);
      expect(stopped).toMatchObject({ ok: true });
      // What was accepted after the stop was, in truth, before it: only `start` and `reload` may begin so late.
      await stop(context, ['web'], null);
      expect(rig.isRunning('web')).toBe(false);
      expect((await status(context, 'web')).apps).toMatchObject([{ state: 'stopped' }]);
      expect((await start(context, ['web'])).apps).toMatchObject([{ ok: true }]);
      expect((await reload(context)).ok).toBe(true);
      expect((await status(context, 'web')).apps).toMatchObject([{ state: 'online', desired: 2, drift: false }]);
      await close('test');
      for (const cluster of rig.clusters) cluster.die();
    }),
    { numRuns: 40 },
  );
});
