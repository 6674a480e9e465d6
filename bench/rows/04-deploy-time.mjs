import { BARE, EVENKEEL, PM2, WATTPM } from '../contenders/names.mjs';
import { Wattpm } from '../contenders/wattpm.mjs';
import { measureDeploy, openBare, openEvenkeel, openPm2, openWattpm } from '../measure/deploy-under-load.mjs';
import { atMost, difference, ratio } from '../suite/targets.mjs';

const WORKERS = [2, 4];
const SETTLED = `${EVENKEEL}, settle 1 s`;
const onlyNew = (workers) => `${workers} workers: only new code serves after, ms`;
const returned = (workers) => `${workers} workers: command returns after, ms`;

function contender(name, open) {
  return {
    name,
    measure: async (context) => {
      const measured = {};
      for (const workers of WORKERS) {
        const deploy = await measureDeploy(context, open, workers);
        measured[onlyNew(workers)] = deploy.onlyNew;
        measured[returned(workers)] = deploy.returned;
      }
      return measured;
    },
  };
}

export const row = {
  number: 4,
  title: 'Time of a deploy',
  about: `As row 3. The app alone: a program of its own forks as many new workers with \`node:cluster\`, and when all listen tells the
old ones to end: their boot and their drain, with nothing around them. PM2 has no settling, so evenkeel goes without it
too (\`settle: 0\`), and again with the 1 s that is its default.`,
  contenders: [
    contender(EVENKEEL, openEvenkeel('0ms')),
    contender(SETTLED, openEvenkeel('1s')),
    contender(PM2, openPm2(false)),
    ...(Wattpm.isInstalled() ? [contender(WATTPM, openWattpm)] : []),
    contender(BARE, openBare),
  ],
  targets: [
    ratio(onlyNew(4), PM2, atMost(0.5)),
    ...WORKERS.flatMap((workers) => [
      difference([EVENKEEL, returned(workers)], [BARE, returned(workers)], atMost(200)),
      difference([SETTLED, returned(workers)], [BARE, returned(workers)], atMost(1_200)),
    ]),
  ],
};
