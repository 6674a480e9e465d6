// bare-cluster-main.mjs SCRIPT WORKERS: the program of the contender "bare node:cluster".

import cluster from 'node:cluster';
import { once } from 'node:events';

const [, , exec, workers] = process.argv;

cluster.schedulingPolicy = cluster.SCHED_NONE;
cluster.setupPrimary({ exec });

async function boot() {
  const forked = Array.from({ length: Number(workers) }, () => cluster.fork());
  await Promise.all(forked.map((worker) => once(worker, 'listening')));
  return forked;
}

let running = await boot();
process.send('ready');
process.on('message', async () => {
  const old = running;
  running = await boot();
  await Promise.all(
    old.map((worker) => {
      const exited = once(worker, 'exit');
      worker.process.kill('SIGTERM');
      return exited;
    }),
  );
  process.send('deployed');
});
process.on('disconnect', () => {
  for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGKILL');
  process.exit(0);
});
