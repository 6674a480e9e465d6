import { Evenkeel } from '../contenders/evenkeel.mjs';
import { EVENKEEL, PM2 } from '../contenders/names.mjs';
import { Pm2 } from '../contenders/pm2.mjs';
import { IDLE } from '../measure/apps.mjs';
import { evenkeelApps } from '../measure/many-apps.mjs';
import { runProgram } from '../measure/run-program.mjs';
import { using } from '../measure/using.mjs';
import { summarize } from '../suite/statistics.mjs';
import { atMost, ratioOf, value } from '../suite/targets.mjs';

const NODE = 'node alone';
const EMPTY = '`node -e 0`, ms';
const STATUS = '`status --json` or `jlist`, ms';
const PLAN = '`plan`, ms';
const RELOAD = '`reload` of nothing, ms';
const MANY = 100;
const RELOAD_MANY = `\`reload\` of nothing, ${MANY} apps, ms`;
const REPEATS = 7;

async function medianOf(run) {
  const samples = [];
  for (let repeat = 0; repeat < REPEATS; repeat += 1) samples.push((await run()).ms);
  return summarize(samples).median;
}

const app = () => ({ script: IDLE, ready: { on: 'message' } });

async function measureEvenkeel({ node }) {
  const few = await using(
    () => Evenkeel.open(node, evenkeelApps(1, app)),
    async (evenkeel) => ({
      [STATUS]: await medianOf(() => evenkeel.run('status', '--json')),
      [PLAN]: await medianOf(() => evenkeel.run('plan')),
      [RELOAD]: await medianOf(() => evenkeel.run('reload')),
    }),
  );
  const many = await using(
    () => Evenkeel.open(node, evenkeelApps(MANY, app)),
    async (evenkeel) => ({
      [RELOAD_MANY]: await medianOf(() => evenkeel.run('reload')),
    }),
  );
  return { ...few, ...many };
}

function measurePm2({ node }) {
  return using(
    () => Pm2.open(node, [{ name: 'app0', script: IDLE }]),
    async (pm2) => ({
      [STATUS]: await medianOf(() => pm2.run('jlist')),
    }),
  );
}

export const row = {
  number: 6,
  title: 'Commands',
  about: `The whole process from its spawn to its end, with one app running (${MANY} where it says so); each figure is the median of ${REPEATS}.`,
  contenders: [
    { name: EVENKEEL, measure: measureEvenkeel },
    { name: PM2, measure: measurePm2 },
    { name: NODE, measure: async ({ node }) => ({ [EMPTY]: await medianOf(() => runProgram(node, ['-e', '0'])) }) },
  ],
  targets: [
    ratioOf([EVENKEEL, STATUS], [NODE, EMPTY], atMost(1.5)),
    ratioOf([EVENKEEL, STATUS], [PM2, STATUS], atMost(1)),
    value([EVENKEEL, RELOAD_MANY], atMost(1_000)),
  ],
};
