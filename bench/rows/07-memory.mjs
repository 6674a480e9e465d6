import { setTimeout as sleep } from 'node:timers/promises';
import { Evenkeel } from '../contenders/evenkeel.mjs';
import { EVENKEEL, PM2 } from '../contenders/names.mjs';
import { Pm2 } from '../contenders/pm2.mjs';
import { IDLE } from '../measure/apps.mjs';
import { evenkeelApps, names } from '../measure/many-apps.mjs';
import { cpuSeconds, privateMegabytes } from '../measure/processes.mjs';
import { using } from '../measure/using.mjs';
import { atMost, ratioOf, value } from '../suite/targets.mjs';

const COUNTS = [1, 10, 50];
const MOST = 50;
/** Until what starting up has left behind is collected. */
const SETTLE = 15_000;
const WATCHED = 60_000;

const manager = (count) => `manager or daemon, ${count} ${count === 1 ? 'app' : 'apps'}, MB`;
const cluster = (count) => `cluster process, ${count} ${count === 1 ? 'app' : 'apps'}, mean MB`;
const IDLE_CPU = `idle CPU at ${MOST} apps, % of a core`;

async function measureEvenkeel({ node }) {
  const measured = {};
  for (const count of COUNTS) {
    const apps = evenkeelApps(count, () => ({ script: IDLE, ready: { on: 'message' } }));
    await using(
      () => Evenkeel.open(node, apps),
      async (evenkeel) => {
        const status = await evenkeel.status();
        const clusters = status.apps.map(({ clusterPid }) => clusterPid);
        const own = [status.manager.pid, ...clusters];
        await sleep(SETTLE);
        measured[manager(count)] = privateMegabytes([status.manager.pid]);
        measured[cluster(count)] = privateMegabytes(clusters) / count;
        if (count === MOST) measured[IDLE_CPU] = await idleCpu(own);
      },
    );
  }
  return measured;
}

async function measurePm2({ node }) {
  const measured = {};
  for (const count of COUNTS) {
    const apps = names(count).map((name) => ({ name, script: IDLE }));
    await using(
      () => Pm2.open(node, apps),
      async (pm2) => {
        await sleep(SETTLE);
        measured[manager(count)] = privateMegabytes([pm2.daemonPid]);
        if (count === MOST) measured[IDLE_CPU] = await idleCpu([pm2.daemonPid]);
      },
    );
  }
  return measured;
}

async function idleCpu(pids) {
  const started = performance.now();
  const before = cpuSeconds(pids);
  await sleep(WATCHED);
  return ((cpuSeconds(pids) - before) / ((performance.now() - started) / 1000)) * 100;
}

export const row = {
  number: 7,
  title: 'Memory, and CPU while nothing happens',
  about: `Memory that a process has for itself alone (\`Private_Clean\` and \`Private_Dirty\` of /proc/PID/smaps_rollup), ${SETTLE / 1000} s after
the start; apps of one worker that does nothing. The CPU time is that of the manager and all cluster processes over
${WATCHED / 1000} s, or of PM2's daemon.`,
  contenders: [
    { name: EVENKEEL, measure: measureEvenkeel },
    { name: PM2, measure: measurePm2 },
  ],
  targets: [
    ...COUNTS.flatMap((count) => [
      value([EVENKEEL, manager(count)], atMost(25 + 0.1 * count)),
      value([EVENKEEL, cluster(count)], atMost(10)),
      ratioOf([EVENKEEL, manager(count)], [PM2, manager(count)], atMost(1)),
    ]),
    value([EVENKEEL, IDLE_CPU], atMost(0.5)),
  ],
};
