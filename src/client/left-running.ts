// What runs on where no manager does, and what to do about it.

import { EvenkeelError } from '../core/errors.ts';
import { presentClusters } from '../platform/presence.ts';

/** How many of them are named. */
const NAMED = 8;

/** The error of a command that needs a manager. null: nothing runs. */
export function runningWithoutManager(stateDirs: readonly string[]): EvenkeelError | null {
  const names = stateDirs.flatMap((stateDir) => [...presentClusters(stateDir).keys()]);
  if (names.length === 0) return null;
  const list = `${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? ' …' : ''}`;
  const who = names.length === 1 ? '1 app runs' : `${names.length} apps run`;
  return new EvenkeelError('NO_MANAGER', `no manager is running, but ${who} on without one: ${list}`, {
    hint: '`evenkeel start` brings a manager back, which takes over what runs, as it runs; then all commands work.',
  });
}
