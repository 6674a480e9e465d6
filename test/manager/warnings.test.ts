// State that cannot be written: told, shown for as long as it is so, tried again, and no reason to fail.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { deploy } from '../../src/manager/operations/deploy.ts';
import { start } from '../../src/manager/operations/start.ts';
import { status } from '../../src/manager/operations/status.ts';
import { StateFile } from '../../src/platform/state-file.ts';
import type { OperationResult } from '../../src/protocol/control-api.ts';
import { askApi } from '../support/api-client.ts';
import { appSpec } from '../support/app-spec.ts';
import { ManagerRig } from '../support/manager-rig.ts';
import { LONG } from '../support/tiers.ts';

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

it('a disk that hangs holds up neither a stop, nor an answer, nor the end of the manager', LONG, async () => {
  const rig = new ManagerRig([appSpec()]);
  const manager = await rig.open();
  await start(manager.context, null);
  const hanging = vi.spyOn(StateFile.prototype, 'flush').mockReturnValue(new Promise(() => {}));
  onTestFinished(() => hanging.mockRestore());
  const { body } = await askApi<OperationResult>(rig.layout.managerSocket, {
    ...{ method: 'POST', path: '/v1/stop', body: { apps: ['web'] }, headers: { 'content-type': 'application/json' } },
  });
  expect(body).toMatchObject({ ok: true, notices: [expect.stringContaining('not written down yet')] });
  expect(rig.isRunning('web')).toBe(false);
  await manager.close('told to end');
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
