// Waits for a manager that somebody else starts at this very moment, or for one that is about to end.

import { setTimeout as sleep } from 'node:timers/promises';
import { EvenkeelError } from '../core/errors.ts';
import type { ControlClient } from '../platform/control-client.ts';
import { type ProcessIdentity, waitForExit } from '../platform/process-identity.ts';

/** Milliseconds for it to answer, and between two looks. */
const BOOT_TIMEOUT = 30_000;
const PAUSE = 50;
/** What it needs to go once everything is stopped, at most, in milliseconds. */
const EXIT_TIMEOUT = 15_000;

/** A manager has its state directory before it answers. Throws NO_MANAGER when it does not in time. */
export async function untilAnswered(client: ControlClient): Promise<void> {
  for (const until = performance.now() + BOOT_TIMEOUT; ; await sleep(PAUSE)) {
    try {
      await client.version();
      return;
    } catch (error) {
      const isComing = error instanceof EvenkeelError && error.code === 'NO_MANAGER' && performance.now() < until;
      if (!isComing) throw error;
    }
  }
}

/** A start that follows must not meet the manager that is about to go. Throws TIMED_OUT. */
export async function untilGone(manager: ProcessIdentity): Promise<void> {
  if (await waitForExit(manager, EXIT_TIMEOUT)) return;
  throw new EvenkeelError('TIMED_OUT', `the apps are stopped, but the manager (pid ${manager.pid}) has not ended`, {
    hint: 'Its log, manager.log in the state directory, may tell why.',
  });
}
