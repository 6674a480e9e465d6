// Rows 1 and 2: the same server behind each contender, asked in one mode.

import { freePorts } from '../../examples/shop/demo/free-ports.mjs';
import { BareCluster } from '../contenders/bare-cluster.mjs';
import { Evenkeel } from '../contenders/evenkeel.mjs';
import { BARE, EVENKEEL, PM2 } from '../contenders/names.mjs';
import { Pm2 } from '../contenders/pm2.mjs';
import { HELLO } from './apps.mjs';
import { requestRate } from './drive.mjs';
import { using } from './using.mjs';

const WORKERS = 2;

export const RATE = 'requests/s';

/** `mode`: 'keep-alive' or 'close'. */
export function rateContenders(mode) {
  const measure = (open) => async (context) => {
    const [port] = await freePorts(1);
    return using(
      () => open(context.node, port),
      async () => ({ [RATE]: await requestRate(port, mode) }),
    );
  };
  return [
    { name: EVENKEEL, measure: measure((node, port) => Evenkeel.open(node, { web: evenkeelApp(port) })) },
    { name: PM2, measure: measure((node, port) => Pm2.open(node, [pm2App(port)])) },
    {
      name: BARE,
      measure: measure((node, port) =>
        BareCluster.open(node, { script: HELLO, workers: WORKERS, env: () => ({ PORT: port }) }),
      ),
    },
  ];
}

function evenkeelApp(port) {
  return { script: HELLO, workers: WORKERS, listen: [port], env: { PORT: port } };
}

function pm2App(port) {
  return { name: 'web', script: HELLO, exec_mode: 'cluster', instances: WORKERS, env: { PORT: port } };
}
