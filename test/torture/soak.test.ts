// Deploys without end, under load: nothing fails, and neither the manager nor the cluster process holds more and more.

import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { server } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { LONG } from '../support/long.ts';
import { privateBytes } from '../support/process-table.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { report, requestsOf } from './finding.ts';

const DEPLOYS = 200;
const CLIENTS = 8;
const MEGABYTE = 1024 ** 2;
/** What the peak of a heap may differ by from one hundred deploys to the next. */
const SLACK = 3 * MEGABYTE;

interface Holding {
  readonly bytes: number;
  readonly descriptors: number;
}

test.runIf(process.platform === 'linux')(`${DEPLOYS} deploys under load`, LONG, async (context) => {
  const port = await freePort();
  await using rig = await createRig({
    apps: { web: server('http', port, { listen: [port], deploy: { settle: '10ms' } }) },
  });
  await rig.run('start');
  const load = rig.load({ port, clients: CLIENTS });
  const deploy = async (times: number): Promise<readonly Holding[]> => {
    const seen: (readonly Holding[])[] = [];
    for (let count = 0; count < times; count += 1) {
      await rig.run('deploy', 'web', '--env', `VERSION=${count}`);
      seen.push(await holdings(rig));
    }
    return seen.reduce(peaks);
  };
  const atFirst = await holdings(rig);
  const first = await deploy(DEPLOYS / 2);
  const second = await deploy(DEPLOYS / 2);
  for (const [index, { bytes }] of second.entries()) expect(bytes - (first[index]?.bytes ?? 0)).toBeLessThan(SLACK);
  await eventually('no descriptor is left from a deploy', async () =>
    (await holdings(rig)).every(({ descriptors }, index) => descriptors <= (atFirst[index]?.descriptors ?? 0)),
  );
  const loss = await load.stop();
  expect(loss).toMatchObject({ failed: 0, failures: [] });
  const megabytes = (list: readonly Holding[]): string =>
    list.map(({ bytes }) => (bytes / MEGABYTE).toFixed(1)).join(' and ');
  report(context, {
    ...{ chapter: 'Soak', promise: 'P1', fault: `${DEPLOYS} deploys one after the other`, requests: requestsOf(loss) },
    result: `private memory of manager and cluster process at first ${megabytes(atFirst)} MB, at most ${megabytes(first)} MB in the first half and ${megabytes(second)} MB in the second; descriptors the same`,
  });
});

/** Of the manager and of the cluster process. */
async function holdings(rig: Rig): Promise<readonly Holding[]> {
  const { manager, apps } = await rig.status();
  return [manager.pid, apps[0]?.clusterPid ?? 0].map((pid) => ({
    bytes: privateBytes(pid),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  }));
}

function peaks(one: readonly Holding[], other: readonly Holding[]): readonly Holding[] {
  return one.map(({ bytes, descriptors }, index) => ({
    bytes: Math.max(bytes, other[index]?.bytes ?? 0),
    descriptors: Math.max(descriptors, other[index]?.descriptors ?? 0),
  }));
}
