// Many deploys: at once, and in a row.
//
// @module-tag more

import { expect, test } from 'vitest';
import type { OperationResult } from '../../../src/protocol/control-api.ts';
import { askApi } from '../../support/api-client.ts';
import { server } from '../../support/apps.ts';
import { freePort } from '../../support/free-port.ts';
import { processesOf } from '../../support/process-table.ts';
import { createRig, type Rig } from '../../support/rig.ts';
import { LONG } from '../../support/tiers.ts';

const STORM = 16;
const ROW = 100;

test('row 30: of 16 deploys at once one wins, and the others are told by whom', async () => {
  const port = await freePort();
  await using rig = await createRig({ apps: { web: server('http', port) } });
  await rig.run('start');
  const load = rig.load({ port, clients: 4 });
  await load.more(20);
  const answers = await Promise.all(Array.from({ length: STORM }, () => deployOverApi(rig)));
  const won = answers.filter(({ status, body }) => status === 200 && body.ok);
  const lost = answers.filter((answer) => !won.includes(answer));
  expect(won).toHaveLength(1);
  for (const { text } of lost) expect(text).toMatch(/generation 2/);
  await load.more(20);
  expect((await load.stop()).failed).toBe(0);
  const { generation, workers, deploy } = await rig.app('web');
  expect({ generation, deploy }).toEqual({ generation: 2, deploy: null });
  expect(workers).toHaveLength(2);
  expect(processesOf(rig.dir).filter(({ command }) => command.includes('http.mjs'))).toHaveLength(2);
});

test('100 deploys in a row, under load, lose nothing and leave nothing behind', LONG, async () => {
  const port = await freePort();
  await using rig = await createRig({ apps: { web: server('http', port, { workers: 1, deploy: { settle: '0ms' } }) } });
  await rig.run('start');
  const { clusterPid } = await rig.app('web');
  const loads = [rig.load({ port, clients: 2 }), rig.load({ port, clients: 2, mode: 'close' })];
  for (let round = 0; round < ROW; round += 1) {
    const { status, body } = await deployOverApi(rig);
    expect({ status, ok: body.ok }).toEqual({ status: 200, ok: true });
  }
  for (const load of loads) expect((await load.stop()).failed).toBe(0);
  expect(await rig.app('web')).toMatchObject({ state: 'online', generation: ROW + 1, ready: 1, clusterPid });
  expect(processesOf(rig.dir).filter(({ command }) => command.includes('http.mjs'))).toHaveLength(1);
});

function deployOverApi(rig: Rig) {
  return askApi<OperationResult>(rig.state.managerSocket, {
    method: 'POST',
    path: '/v1/apps/web/deploy',
    headers: { 'content-type': 'application/json' },
    body: {},
  });
}
