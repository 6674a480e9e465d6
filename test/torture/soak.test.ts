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

const DEPLOYS = 300;
/** Until then heaps grow to their size. */
const WARM_UP = 100;
const CLIENTS = 8;
const MEGABYTE = 1024 ** 2;
/** What a heap may differ by, where it is smallest, from one half of the deploys after that to the other. */
const SLACK = 3 * MEGABYTE;

interface Holding {
  readonly bytes: number;
  readonly descriptors: number;
}

/** In bytes. Just after a collection it is smallest, and tells what is held; when V8 collects is its own affair. */
interface Range {
  readonly least: number;
  readonly most: number;
}

test.runIf(process.platform === 'linux')(`${DEPLOYS} deploys under load`, LONG, async (context) => {
  const port = await freePort();
  await using rig = await createRig({
    apps: { web: server('http', port, { listen: [port], deploy: { settle: '10ms' } }) },
  });
  await rig.run('start');
  const load = rig.load({ port, clients: CLIENTS });
  const deploy = async (times: number): Promise<readonly Range[]> => {
    const seen: (readonly Holding[])[] = [];
    for (let count = 0; count < times; count += 1) {
      await rig.run('deploy', 'web', '--env', `VERSION=${count}`);
      seen.push(await holdings(rig));
    }
    return [0, 1].map((index) => rangeOf(seen.flatMap((held) => held[index]?.bytes ?? [])));
  };
  const atFirst = await holdings(rig);
  await deploy(WARM_UP);
  const first = await deploy((DEPLOYS - WARM_UP) / 2);
  const second = await deploy((DEPLOYS - WARM_UP) / 2);
  for (const [index, { least }] of second.entries()) expect(least - (first[index]?.least ?? 0)).toBeLessThan(SLACK);
  await eventually('no descriptor is left from a deploy', async () =>
    (await holdings(rig)).every(({ descriptors }, index) => descriptors <= (atFirst[index]?.descriptors ?? 0)),
  );
  const loss = await load.stop();
  expect(loss).toMatchObject({ failed: 0, failures: [] });
  const megabytes = (bytes: number): string => (bytes / MEGABYTE).toFixed(1);
  const ranges = (list: readonly Range[]): string =>
    list.map(({ least, most }) => `${megabytes(least)} to ${megabytes(most)}`).join(' and ');
  const begun = atFirst.map(({ bytes }) => megabytes(bytes)).join(' and ');
  report(context, {
    ...{ chapter: 'Soak', promise: 'P1', fault: `${DEPLOYS} deploys one after the other`, requests: requestsOf(loss) },
    result: `private memory of manager and cluster process at first ${begun} MB; of those after the first ${WARM_UP}, ${ranges(first)} MB in the first half and ${ranges(second)} MB in the second; descriptors the same`,
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

function rangeOf(sizes: readonly number[]): Range {
  return { least: Math.min(...sizes), most: Math.max(...sizes) };
}
