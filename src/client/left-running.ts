// What runs on where no manager does, and what to do about it.

import { EvenkeelError } from '../core/errors.ts';
import { presentClusters } from '../platform/presence.ts';
import { readRemains } from './remains.ts';

/** How many of them are named. */
const NAMED = 8;

/** The error of a command that needs a manager. null: nothing runs. */
export function runningWithoutManager(stateDirs: readonly string[]): EvenkeelError | null {
  const orphaned = stateDirs.flatMap(orphanedIn);
  const names = [...stateDirs.flatMap((stateDir) => [...presentClusters(stateDir).keys()]), ...orphaned];
  if (names.length === 0) return null;
  const list = `${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? ' …' : ''}`;
  const who = names.length === 1 ? '1 app runs' : `${names.length} apps run`;
  const then = 'then all commands work, such as `evenkeel stop`.';
  const hint =
    orphaned.length === 0
      ? `\`evenkeel start\` brings a manager back, which takes over what runs, as it runs; ${then}`
      : `\`evenkeel start\` brings a manager back, also for workers whose cluster process was killed (${orphaned.slice(0, NAMED).join(', ')}); ${then}`;
  return new EvenkeelError('NO_MANAGER', `no manager is running, but ${who} on without one: ${list}`, { hint });
}

/** Apps of which nothing is left but workers. */
function orphanedIn(stateDir: string): readonly string[] {
  try {
    return [...readRemains(stateDir).served];
  } catch (error) {
    // Nobody but that version knows what it has left.
    if (error instanceof EvenkeelError && error.code === 'STATE_FROM_NEWER_VERSION') return [];
    throw error;
  }
}
