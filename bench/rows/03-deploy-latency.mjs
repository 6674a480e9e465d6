import { EVENKEEL, PM2, WATTPM } from '../contenders/names.mjs';
import { Wattpm } from '../contenders/wattpm.mjs';
import { measureDeploy, openEvenkeel, openPm2, openWattpm } from '../measure/deploy-under-load.mjs';
import { atMost, ratio, value } from '../suite/targets.mjs';

const WORKERS = [2, 4];
const failed = (workers) => `${workers} workers: failed requests`;
const keepAliveP99 = (workers) => `${workers} workers: p99 keep-alive, ms`;
const closeP99 = (workers) => `${workers} workers: p99 close, ms`;

function contender(name, open) {
  return {
    name,
    measure: async (context) => {
      const measured = {};
      for (const workers of WORKERS) {
        const deploy = await measureDeploy(context, open, workers);
        measured[failed(workers)] = deploy.failed;
        measured[keepAliveP99(workers)] = deploy.keepAliveP99;
        measured[closeP99(workers)] = deploy.closeP99;
      }
      return measured;
    },
  };
}

export const row = {
  number: 3,
  title: 'Failed requests and latency during a deploy',
  about: `An app that boots in 1 s and answers in 10 ms, asked by 8 keep-alive clients and 8 that take a connection for each request,
without a pause: \`evenkeel deploy\`, \`pm2 reload\`, \`wattpm restart\`. The app knows nothing of signals; with a handler it
ends its server at SIGINT, as PM2's documentation asks.`,
  contenders: [
    contender(EVENKEEL, openEvenkeel('0ms')),
    contender(PM2, openPm2(false)),
    contender(`${PM2}, app with a handler`, openPm2(true)),
    ...(Wattpm.isInstalled() ? [contender(WATTPM, openWattpm)] : []),
  ],
  targets: WORKERS.flatMap((workers) => [
    value([EVENKEEL, failed(workers)], atMost(0)),
    ratio(keepAliveP99(workers), PM2, atMost(1)),
    ratio(closeP99(workers), PM2, atMost(1)),
  ]),
};
