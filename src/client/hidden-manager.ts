// A manager that lives although its socket cannot be found: somebody has removed the socket or the whole state
// directory, and the manager is about to put it back. Loaded only where no manager answers.

import { setTimeout as sleep } from 'node:timers/promises';
import { EvenkeelError } from '../core/errors.ts';
import type { Milliseconds } from '../core/spec.ts';
import { presentManager } from '../platform/presence.ts';

/** It looks every two seconds; it may just be starting, too, and adopt what runs. */
const PATIENCE: Milliseconds = 30_000;
const PAUSE: Milliseconds = 50;

/** What `connect` finds once the manager can be reached; null: none lives. Throws TIMED_OUT. */
export async function awaitHiddenManager<T>(stateDir: string, connect: () => Promise<T | null>): Promise<T | null> {
  for (const until = performance.now() + PATIENCE; ; await sleep(PAUSE)) {
    const manager = presentManager(stateDir);
    if (manager === null) return null;
    const found = await connect();
    if (found !== null) return found;
    if (performance.now() > until) throw unreachable(manager.pid, stateDir);
  }
}

function unreachable(pid: number, stateDir: string): EvenkeelError {
  return new EvenkeelError('TIMED_OUT', `the manager (pid ${pid}) runs, but its socket is missing from ${stateDir}`, {
    hint: `It puts back what was removed. Where it does not, end it: kill -9 ${pid}; the apps run on, and \`evenkeel start\` adopts them.`,
  });
}
