import { Agent, get } from 'node:http';
import { freePorts } from '../../examples/shop/demo/free-ports.mjs';
import { Evenkeel } from '../contenders/evenkeel.mjs';
import { EVENKEEL, PM2 } from '../contenders/names.mjs';
import { Pm2 } from '../contenders/pm2.mjs';
import { REPORTING } from '../measure/apps.mjs';
import { Reports } from '../measure/reports.mjs';
import { using } from '../measure/using.mjs';

const WORKERS = 4;
const COUNTS = [4, 32, 256];
const REQUESTS = 20;
const busiest = (count) => `${count} connections: busiest worker has, of ${count / WORKERS}`;
const laziest = (count) => `${count} connections: least busy worker has`;

/** `open` gets { node, port, env }. */
function contender(name, open) {
  const measure = ({ node }) =>
    using(Reports.open, async (reports) => {
      const [port] = await freePorts(1);
      const env = { PORT: String(port), REPORT: reports.path };
      return using(
        () => open({ node, port, env }),
        async () => {
          await reports.take(WORKERS, () => true);
          const measured = {};
          for (const count of COUNTS) {
            const perWorker = await connect(port, count);
            measured[busiest(count)] = Math.max(...perWorker);
            measured[laziest(count)] = perWorker.length < WORKERS ? 0 : Math.min(...perWorker);
          }
          return measured;
        },
      );
    });
  return { name, measure };
}

/** All at once, each with some requests one after the other. Gives how many of them each worker got. */
async function connect(port, count) {
  const connections = await Promise.all(Array.from({ length: count }, () => talk(port)));
  return [...countEach(connections).values()];
}

/** Gives the pid of the worker at the other end. */
async function talk(port) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    let pid = '';
    for (let request = 0; request < REQUESTS; request += 1) pid = await ask(agent, port);
    return pid;
  } finally {
    agent.destroy();
  }
}

function ask(agent, port) {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve(body)).on('error', reject);
    }).on('error', reject);
  });
}

function countEach(pids) {
  const counts = new Map();
  for (const pid of pids) counts.set(pid, (counts.get(pid) ?? 0) + 1);
  return counts;
}

function evenkeelWith(balance) {
  return ({ node, port, env }) => {
    const listen = balance === 'shared' ? { listen: [port] } : {};
    return Evenkeel.open(node, { web: { script: REPORTING, workers: WORKERS, env, balance, ...listen } });
  };
}

function openPm2({ node, env }) {
  return Pm2.open(node, [{ name: 'web', script: REPORTING, exec_mode: 'cluster', instances: WORKERS, env }]);
}

export const row = {
  number: 10,
  title: 'Spread of connections over 4 workers',
  about: `So many connections, opened at once, with ${REQUESTS} requests each, one after the other.`,
  contenders: [
    contender(`${EVENKEEL}, shared`, evenkeelWith('shared')),
    contender(`${EVENKEEL}, round-robin`, evenkeelWith('round-robin')),
    contender(PM2, openPm2),
  ],
  targets: [],
};
