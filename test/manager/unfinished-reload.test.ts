// A manager goes in the midst of a reload: the next one does what is left of it.

import { expect, it } from 'vitest';
import { deferred } from '../../src/core/deferred.ts';
import type { AppSpec } from '../../src/core/spec.ts';
import { reload } from '../../src/manager/operations/reload.ts';
import { start } from '../../src/manager/operations/start.ts';
import { stop } from '../../src/manager/operations/stop.ts';
import { appSpec } from '../support/app-spec.ts';
import { eventually } from '../support/eventually.ts';
import { ManagerRig } from '../support/manager-rig.ts';

const PORT = { kind: 'tcp', host: null, port: 3000 } as const;
const web = appSpec({ env: { VERSION: '1' }, listen: [PORT] });
const api = appSpec({ name: 'api', env: { VERSION: '1' }, dependsOn: ['web'] });

/** web is being deployed, and api waits for it, when the manager goes. */
async function interrupted(apps: readonly AppSpec[]) {
  const rig = new ManagerRig([web, api]);
  const manager = await rig.open();
  await start(manager.context, null);
  rig.apps = apps;
  const hold = deferred<void>();
  rig.script('web').hold = hold;
  const reloading = reload(manager.context);
  await rig.event('deploy-started', 'web', 2);
  await manager.close('killed');
  await reloading.catch(() => {});
  rig.bound.clear();
  return { rig, hold };
}

const changed = [
  { ...web, env: { VERSION: '2' } },
  { ...api, env: { VERSION: '2' } },
];

it('what was under way is waited for, and what was not begun is done', async () => {
  const { rig, hold } = await interrupted(changed);
  const { context } = await rig.open();
  const starting = start(context, null);
  await rig.event('reload-started', undefined, 2);
  hold.resolve();
  const started = await starting;
  expect(started.apps.map(({ app, action }) => [app, action])).toEqual([
    ['web', 'none'],
    ['api', 'none'],
  ]);
  expect(await rig.event('reload-finished', undefined, 2)).toMatchObject({ ok: true, changes: 1 });
  expect(['web', 'api'].map((name) => context.fleet.runningSpec(name)?.env)).toEqual([
    { VERSION: '2' },
    { VERSION: '2' },
  ]);
  expect(rig.cluster('web').asked.filter((text) => text.startsWith('deploy'))).toHaveLength(1);
  expect(context.fleet.state.reloading).toBeNull();
  expect(rig.complaints).toEqual([]);
});

it('an address that is moved is with who is to have it all the time', async () => {
  const { rig, hold } = await interrupted([
    { ...web, listen: [] },
    { ...api, listen: [PORT] },
  ]);
  expect([...rig.cluster('api').received]).toEqual(['3000']);
  const { context } = await rig.open();
  hold.resolve();
  expect(await rig.event('reload-finished', undefined, 2)).toMatchObject({ ok: true, changes: 1 });
  expect(context.fleet.runningSpec('api')?.listen).toEqual([PORT]);
  expect([...rig.cluster('api').received]).toEqual(['3000']);
  expect(rig.complaints).toEqual([]);
});

it('unless the config says something else by then', async () => {
  const { rig, hold } = await interrupted(changed);
  rig.apps = [web, { ...api, env: { VERSION: '3' } }];
  const { context } = await rig.open();
  expect(await rig.event('reload-refused')).toMatchObject({ reason: expect.stringContaining('has changed since') });
  hold.resolve();
  await eventually('web is deployed', () => context.fleet.runningSpec('web')?.env.VERSION === '2');
  expect(context.fleet.runningSpec('api')?.env).toEqual({ VERSION: '1' });
  expect(context.fleet.state.reloading).toBeNull();
});

it('or somebody has stopped everything', async () => {
  const rig = new ManagerRig([web, api]);
  const { context } = await rig.open();
  await start(context, null);
  rig.apps = changed;
  rig.script('web').hold = deferred();
  const reloading = reload(context);
  await rig.event('deploy-started', 'web', 2);
  await stop(context, null, null);
  await reloading;
  expect(context.fleet.state.reloading).toBeNull();
});
