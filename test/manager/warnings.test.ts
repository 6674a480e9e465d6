// State that cannot be written: told, shown for as long as it is so, tried again, and no reason to fail.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { deploy } from '../../src/manager/operations/deploy.ts';
import { start } from '../../src/manager/operations/start.ts';
import { status } from '../../src/manager/operations/status.ts';
import { appSpec } from '../support/app-spec.ts';
import { ManagerRig } from '../support/manager-rig.ts';

it('state that cannot be written is an event and a warning, until it can', async () => {
  const rig = new ManagerRig([appSpec()]);
  const { context } = await rig.open();
  await start(context, null);
  const { stateFile } = rig.layout;
  await context.fleet.state.flush();
  expect((await status(context, null)).manager.warnings).toEqual([]);
  // A folder in its place: not even root can replace that.
  rmSync(stateFile);
  mkdirSync(stateFile);
  writeFileSync(join(stateFile, 'here'), '');
  expect((await deploy(context, ['web'], {})).ok).toBe(true);
  expect(await rig.event('state-problem')).toMatchObject({
    file: stateFile,
    problem: expect.stringMatching(/EISDIR|ENOTEMPTY|EEXIST/),
  });
  expect((await status(context, null)).manager.warnings).toEqual([
    expect.stringContaining(`${stateFile} cannot be written: `),
  ]);
  rmSync(stateFile, { recursive: true });
  expect(await rig.event('state-problem', undefined, 2)).toMatchObject({ problem: null });
  expect((await status(context, null)).manager.warnings).toEqual([]);
});

it('what a cluster process cannot write down is a warning of its manager, and of the next one, until it ends', async () => {
  const rig = new ManagerRig([appSpec()]);
  const first = await rig.open();
  await start(first.context, null);
  const file = rig.layout.app('web').stateFile;
  const warnings = async (manager: typeof first) => (await status(manager.context, null)).manager.warnings;
  rig.cluster('web').tell({ type: 'record-problem', file, problem: 'ENOSPC: no space left on device, write' });
  await rig.event('record-problem');
  const warning = [expect.stringContaining(`${file} cannot be written: ENOSPC`)];
  expect(await warnings(first)).toEqual(warning);
  await first.close('killed');
  const next = await rig.open();
  expect(await warnings(next)).toEqual(warning);
  rig.cluster('web').die();
  await rig.event('cluster-started', 'web', 2);
  expect(await warnings(next)).toEqual([]);
});
