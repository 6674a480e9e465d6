// Runs what the app left to be done, all at once, and waits for it. One that fails is told on stderr and makes the exit
// code 1, but does not keep the others from their end. (worker)

import { inspect } from 'node:util';
import type { WorkerTask } from '../protocol/worker-calls.ts';

export async function runTasks(tasks: readonly WorkerTask[]): Promise<void> {
  const results = await Promise.allSettled(tasks.map(async (task) => task()));
  for (const result of results) {
    if (result.status === 'fulfilled') continue;
    process.stderr.write(`${inspect(result.reason)}\n`);
    process.exitCode = 1;
  }
}
