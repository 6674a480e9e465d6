import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../examples/shop/demo/free-ports.mjs';
import { Evenkeel } from '../contenders/evenkeel.mjs';
import { EVENKEEL, PM2 } from '../contenders/names.mjs';
import { PlainProcesses } from '../contenders/plain-processes.mjs';
import { Pm2 } from '../contenders/pm2.mjs';
import { REPORTING } from '../measure/apps.mjs';
import { Reports } from '../measure/reports.mjs';
import { using } from '../measure/using.mjs';
import { summarize } from '../suite/statistics.mjs';
import { atMost, difference, ratio } from '../suite/targets.mjs';

const ALONE = 'the app alone';
const READY = 'serves after, ms';
const KILLS = 5;
/** Longer than what makes a failure a quick one: each kill is to be the first of its kind. */
const CALM = 400;

const any = () => true;

/** `open` gets { node, port, report } and gives what closes it. */
function contender(name, open) {
  const measure = ({ node }) =>
    using(Reports.open, async (reports) => {
      const [port] = await freePorts(1);
      return using(
        () => open({ node, port, report: reports.path }),
        () => killAndWait(reports),
      );
    });
  return { name, measure };
}

async function killAndWait(reports) {
  const samples = [];
  let [worker] = await reports.take(1, any);
  for (let kill = 0; kill < KILLS; kill += 1) {
    await sleep(CALM);
    const killed = performance.now();
    process.kill(worker.pid, 'SIGKILL');
    [worker] = await reports.take(1, any);
    samples.push(worker.at - killed);
  }
  return { [READY]: summarize(samples).median };
}

const env = ({ port, report }) => ({ PORT: String(port), REPORT: report });

function openEvenkeel(given) {
  const app = { script: REPORTING, listen: [given.port], env: env(given), restart: { resetAfter: CALM / 2 } };
  return Evenkeel.open(given.node, { web: app });
}

function openPm2(given) {
  return Pm2.open(given.node, [
    { name: 'web', script: REPORTING, exec_mode: 'cluster', instances: 1, min_uptime: CALM / 2, env: env(given) },
  ]);
}

const alone = {
  name: ALONE,
  measure: ({ node }) =>
    using(Reports.open, (reports) =>
      using(
        () => new PlainProcesses(node),
        async (processes) => {
          const [port] = await freePorts(1);
          const samples = [];
          for (let boot = 0; boot < KILLS; boot += 1) {
            const started = performance.now();
            processes.start(REPORTING, env({ port, report: reports.path }));
            const [report] = await reports.take(1, any);
            samples.push(report.at - started);
            await processes.close();
          }
          return { [READY]: summarize(samples).median };
        },
      ),
    ),
};

export const row = {
  number: 5,
  title: 'Replacement of a killed worker',
  about: `From \`kill -9\` of the only worker of a trivial server until its replacement listens; each figure is the median of ${KILLS} kills.
The app alone: from its spawn until it listens. The workers tell the benchmark so themselves.`,
  contenders: [contender(EVENKEEL, openEvenkeel), contender(PM2, openPm2), alone],
  targets: [difference([EVENKEEL, READY], [ALONE, READY], atMost(50)), ratio(READY, PM2, atMost(1))],
};
