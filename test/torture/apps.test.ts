// Apps that do what no app should: the others notice nothing, each can still be deployed and stopped, and nothing is left.

import { describe, expect, test } from 'vitest';
import { server } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { privateBytes, processesOf } from '../support/process-table.ts';
import { createRig } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';
import { report, requestsOf } from './finding.ts';

const CLIENTS = 8;
const MEGABYTE = 1024 ** 2;
/** Of a cluster process, whatever its workers write or send. */
const MOST_MEMORY = 100 * MEGABYTE;

/** With what the restart policy or a health check has to do for it. */
const MISCHIEFS: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp | null])[] = [
  ['leaves children', {}, null],
  ['ignores its signal', {}, null],
  ['closes its output', {}, null],
  ['writes 1 MB without a line feed', {}, null],
  ['writes binary', {}, null],
  ['writes as fast as it can', { logs: { stdout: 'logs/bad.log', maxSize: '5M', keep: 2 } }, null],
  ['floods its channel', {}, null],
  ['sends junk', {}, null],
  ['allocates without end', { restart: { memory: '300M' } }, /more than 300 MB/],
  [
    'blocks its event loop',
    { health: { http: '/', interval: '500ms', timeout: '1s', failures: 2 } },
    /health|unhealthy|GET/,
  ],
  ['exits in an exit handler', {}, null],
  ['closes its channel', {}, null],
];

describe('an app that', LONG, () => {
  test.for(MISCHIEFS)('%s', async ([mischief, settings, replaced], context) => {
    const [port, badPort] = [await freePort(), await freePort()];
    await using rig = await createRig({
      apps: {
        web: server('http', port, { listen: [port] }),
        bad: server('naughty', badPort, {
          ...{ env: { MISCHIEF: mischief }, listen: [badPort], stop: { timeout: '2s' } },
          ...settings,
        }),
      },
    });
    await rig.run('start');
    const events = await rig.events();
    const load = rig.load({ port, clients: CLIENTS });
    await load.more(100);
    if (replaced !== null) {
      const recycle = await events.waitFor('worker-recycle', ({ app }) => app === 'bad');
      expect(recycle.reason).toMatch(replaced);
      await events.waitFor('worker-ready', ({ app }) => app === 'bad');
    }
    const { clusterPid } = await rig.app('bad');
    await load.more(500);
    expect(privateBytes(clusterPid ?? 0)).toBeLessThan(MOST_MEMORY);
    await rig.run('deploy', 'bad', '--env', 'VERSION=2', '--env', 'MISCHIEF=');
    await eventually('its new generation serves', async () => {
      const response = await fetch(`http://127.0.0.1:${badPort}/`, { headers: { connection: 'close' } });
      return ((await response.json()) as { version: string }).version === '2';
    });
    await rig.run('stop', 'bad');
    expect(processesOf(rig.dir).filter(({ command }) => command.includes('naughty.mjs'))).toEqual([]);
    const loss = await load.stop();
    expect(loss).toMatchObject({ failed: 0, failures: [] });
    report(context, {
      ...{ chapter: 'Apps that misbehave', fault: `an app that ${mischief}`, promise: 'P9' },
      requests: requestsOf(loss),
      result: `${replaced === null ? '' : 'its workers were replaced; '}the app beside it lost nothing; it was deployed and stopped, and nothing is left`,
    });
  });
});
