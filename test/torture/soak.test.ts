// Deploys without end, under load: nothing fails, and neither the manager nor the cluster process holds more and more.

import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { server } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { privateBytes } from '../support/process-table.ts';
import { createRig, fixture, type Rig } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';
import { report, requestsOf } from './finding.ts';

const DEPLOYS = 300;
/** Until then what is kept of the last so many grows: events, the history. */
const WARM_UP = 100;
const CLIENTS = 8;
const MEGABYTE = 1024 ** 2;
/** By how many bytes what is in use may grow in the deploys after that: 5 KB for each. */
const SLACK = MEGABYTE;

interface Holding {
  /** In bytes, right after a collection: when V8 collects is its own affair. */
  readonly inUse: number;
  /** Bytes of memory, with what V8 has not collected. */
  readonly resident: number;
  readonly descriptors: number;
}

test.runIf(process.platform === 'linux')(`${DEPLOYS} deploys under load`, LONG, async (context) => {
  const port = await freePort();
  await using rig = await createRig({
    apps: { web: server('http', port, { listen: [port], deploy: { settle: '10ms' } }) },
  });
  const env = { NODE_OPTIONS: `--require ${fixture('tell-heap.cjs')}`, TELL_HEAP: rig.dir };
  expect((await rig.spawnCli(['start'], { env }).ended).code).toBe(0);
  const load = rig.load({ port, clients: CLIENTS });
  const deploy = async (times: number): Promise<readonly Holding[]> => {
    for (let count = 0; count < times; count += 1) await rig.run('deploy', 'web', '--env', `VERSION=${count}`);
    return await holdings(rig);
  };
  const atFirst = await holdings(rig);
  const before = await deploy(WARM_UP);
  const after = await deploy(DEPLOYS - WARM_UP);
  for (const [index, { inUse }] of after.entries()) expect(inUse - (before[index]?.inUse ?? 0)).toBeLessThan(SLACK);
  await eventually('no descriptor is left from a deploy', async () =>
    (await holdings(rig)).every(({ descriptors }, index) => descriptors <= (atFirst[index]?.descriptors ?? 0)),
  );
  const loss = await load.stop();
  expect(loss).toMatchObject({ failed: 0, failures: [] });
  const megabytes = (list: readonly number[]): string =>
    `${list.map((bytes) => (bytes / MEGABYTE).toFixed(1)).join(' and ')} MB`;
  const inUse = [atFirst, before, after].map((list) => megabytes(list.map((holding) => holding.inUse)));
  report(context, {
    ...{ chapter: 'Soak', promise: 'P1', fault: `${DEPLOYS} deploys one after the other`, requests: requestsOf(loss) },
    result: `in use in manager and cluster process after a collection: at first ${inUse[0]}, after ${WARM_UP} ${inUse[1]}, after all ${inUse[2]} (private memory ${megabytes(after.map(({ resident }) => resident))}); descriptors the same`,
  });
});

/** Of the manager and of the cluster process. */
async function holdings(rig: Rig): Promise<readonly Holding[]> {
  const { manager, apps } = await rig.status();
  return await Promise.all(
    [manager.pid, apps[0]?.clusterPid ?? 0].map(async (pid) => ({
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      resident: privateBytes(pid),
      inUse: Number(await text(connect(rig.path(`${pid}.heap`)))),
    })),
  );
}
