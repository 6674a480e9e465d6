// A start for which an address cannot be had: who has it is told, nothing is left of it, and it is tried again.

import { expect, it } from 'vitest';
import { deferred } from '../../src/core/deferred.ts';
import { EvenkeelError } from '../../src/core/errors.ts';
import { start } from '../../src/manager/operations/start.ts';
import { status } from '../../src/manager/operations/status.ts';
import { stop } from '../../src/manager/operations/stop.ts';
import { StartWaits } from '../../src/manager/start-waits.ts';
import { appSpec } from '../support/app-spec.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { openHeldManager } from '../support/held-manager.ts';

const restart = { ...appSpec().restart, minDelay: 60_000, maxDelay: 60_000 };
const web = appSpec({ listen: [{ kind: 'tcp', host: null, port: 3000 }], restart });
const IN_USE = 'cannot listen on 3000: it is in use';

const opened = () => openHeldManager(web);

/** The manager could bind it, and somebody else listens there by the time its workers are to. */
async function refused({ rig, context }: Awaited<ReturnType<typeof opened>>) {
  const boot = deferred<void>();
  rig.bootGate = boot;
  const starting = start(context, null);
  await eventually('it boots', () => rig.isRunning('web'));
  rig.taken.add('3000');
  rig.script('web').refusal = new EvenkeelError('LISTEN_FAILED', 'cannot listen on 3000: another process has it');
  boot.resolve();
  return await starting;
}

it('says who has it, and leaves nothing behind, until it can be had', async () => {
  const scene = await opened();
  const { rig, clock } = scene;
  expect((await refused(scene)).apps).toMatchObject([{ ok: false, error: { code: 'LISTEN_FAILED', message: IN_USE } }]);
  expect(rig.clusters).toMatchObject([{ asked: ['start start', 'stop'], alive: false }]);
  expect([...rig.bound]).toEqual([]);
  rig.taken.clear();
  clock.skip(restart.maxDelay);
  await rig.event('deploy-finished', 'web');
  expect(rig.cluster('web').boot.sockets).toMatchObject([{ address: '3000' }]);
});

it('leaves workers alone that were there before it', async () => {
  const scene = await opened();
  const { rig, context } = scene;
  await start(context, null);
  await stop(context, ['web'], null);
  await rig.leaveAgentsSocket('web');
  expect((await refused(scene)).apps).toMatchObject([{ error: { code: 'LISTEN_FAILED' } }]);
  expect(rig.clusters.at(-1)).toMatchObject({ asked: ['start start'], alive: false });
});

it('goes to the output of the manager where it fails for another reason later, and only then', async () => {
  const { rig, clock, context } = await opened();
  rig.taken.add('3000');
  await start(context, null);
  clock.skip(restart.maxDelay);
  await rig.event('listen-failed', 'web', 2);
  expect(rig.complaints).toEqual([]);
  rig.taken.clear();
  rig.script('web').refusal = new EvenkeelError('SPAWN_FAILED', 'web: too many open files');
  clock.skip(restart.maxDelay);
  await eventually('it is told', () => rig.complaints.length > 0);
  expect(rig.complaints).toEqual(['web: too many open files']);
});

it('is no complaint where a stop comes before its turn', async () => {
  const { rig, clock, context } = await opened();
  rig.taken.add('3000');
  await start(context, null);
  const busy = deferred<void>();
  void context.fleet.lane('web').run('operation', () => busy.promise);
  clock.skip(restart.maxDelay);
  const stopping = stop(context, ['web'], null);
  busy.resolve();
  expect((await stopping).ok).toBe(true);
  expect((await status(context, 'web')).apps).toMatchObject([{ state: 'stopped', problem: null }]);
  expect(rig.complaints).toEqual([]);
});

it('is not tried again by a manager that goes', () => {
  const clock = new FakeClock();
  const waits = new StartWaits(clock);
  const tried: string[] = [];
  waits.add(web, IN_USE, () => tried.push('before'));
  waits.close();
  waits.add({ ...web, name: 'api' }, IN_USE, () => tried.push('after'));
  clock.advance(10 * restart.maxDelay);
  expect([tried, clock.armed]).toEqual([[], 0]);
});
