import { availableParallelism } from 'node:os';
import { Evenkeel } from '../contenders/evenkeel.mjs';
import { EVENKEEL, PM2 } from '../contenders/names.mjs';
import { PlainProcesses } from '../contenders/plain-processes.mjs';
import { Pm2 } from '../contenders/pm2.mjs';
import { REPORTING } from '../measure/apps.mjs';
import { evenkeelApps, names } from '../measure/many-apps.mjs';
import { Reports } from '../measure/reports.mjs';
import { using } from '../measure/using.mjs';
import { summarize } from '../suite/statistics.mjs';
import { atMost, ratio, ratioOf, value } from '../suite/targets.mjs';

const ALONE = 'the apps alone';
const COUNTS = [1, 50, 100];
const MANY = 100;
const START = `start of ${MANY} apps, s`;
const CHANGE_ONE = `\`reload\` that changes 1 of ${MANY}, ms`;
const TOUCHED = 'apps that it touched';
const plan = (count) => `\`plan\`, ${count} ${count === 1 ? 'app' : 'apps'}, ms`;
const PLAN_GROWTH = `growth of \`plan\` from 50 to ${MANY} apps / from 1 to 50`;
const REPEATS = 5;

const any = () => true;

/** `work` gets { node, env(name), reports }. */
function contender(name, work) {
  const measure = ({ node }) =>
    using(Reports.open, (reports) => {
      const env = (app) => ({ NAME: app, REPORT: reports.path });
      return work({ node, env, reports });
    });
  return { name, measure };
}

async function measureEvenkeel({ node, env, reports }) {
  const app = (name) => ({ script: REPORTING, env: env(name) });
  const measured = {};
  for (const count of COUNTS) {
    await using(
      () => Evenkeel.prepare(node, evenkeelApps(count, app)),
      async (evenkeel) => {
        const { ms } = await evenkeel.run('start');
        await reports.take(count, any);
        measured[plan(count)] = await medianOf(() => evenkeel.run('plan'));
        if (count !== MANY) return;
        measured[START] = ms / 1000;
        Object.assign(measured, await changeOne(evenkeel, app));
      },
    );
  }
  const [few, some, all] = COUNTS.map((count) => measured[plan(count)]);
  return { ...measured, [PLAN_GROWTH]: (all - some) / (some - few) };
}

async function changeOne(evenkeel, app) {
  const before = await evenkeel.status();
  const apps = evenkeelApps(MANY, app);
  apps.app7.env = { ...apps.app7.env, CHANGED: 'yes' };
  evenkeel.configure(apps);
  const { ms } = await evenkeel.run('reload');
  const after = await evenkeel.status();
  return {
    [CHANGE_ONE]: ms,
    [TOUCHED]: after.apps.filter((app, index) => pids(app) !== pids(before.apps[index])).length,
  };
}

async function measurePm2({ node, env, reports }) {
  const apps = names(MANY).map((name) => ({ name, script: REPORTING, env: env(name) }));
  return using(
    () => Pm2.prepare(node, apps),
    async (pm2) => {
      const started = performance.now();
      await pm2.run('start', 'ecosystem.config.json');
      await reports.take(MANY, any);
      return { [START]: (performance.now() - started) / 1000 };
    },
  );
}

/** As many at a time as there are CPUs. */
function measureAlone({ node, env, reports }) {
  return using(
    () => new PlainProcesses(node),
    async (processes) => {
      const started = performance.now();
      const waiting = names(MANY);
      const bootOneByOne = async () => {
        for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
          const mine = name;
          processes.start(REPORTING, env(mine));
          await reports.take(1, (report) => report.name === mine);
        }
      };
      await Promise.all(Array.from({ length: availableParallelism() }, bootOneByOne));
      return { [START]: (performance.now() - started) / 1000 };
    },
  );
}

async function medianOf(run) {
  const samples = [];
  for (let repeat = 0; repeat < REPEATS; repeat += 1) samples.push((await run()).ms);
  return summarize(samples).median;
}

function pids({ workers }) {
  return JSON.stringify(workers.map(({ pid }) => pid));
}

export const row = {
  number: 9,
  title: 'Many apps',
  about: `Trivial servers of one worker. The apps alone: plain Node processes, as many booting at a time as there are CPUs. evenkeel
starts two processes for each app, its cluster process and its worker; PM2 starts one.`,
  contenders: [contender(EVENKEEL, measureEvenkeel), contender(PM2, measurePm2), contender(ALONE, measureAlone)],
  targets: [
    ratio(START, PM2, atMost(1)),
    ratioOf([EVENKEEL, START], [ALONE, START], atMost(2.5)),
    value([EVENKEEL, TOUCHED], atMost(1)),
    value([EVENKEEL, PLAN_GROWTH], atMost(2)),
  ],
};
