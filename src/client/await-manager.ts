// Waits for a manager that somebody else starts at this very moment.

import { setTimeout as sleep } from 'node:timers/promises';
import { EvenkeelError } from '../core/errors.ts';
import type { ControlClient } from '../platform/control-client.ts';

/** Milliseconds for it to answer, and between two looks. */
const BOOT_TIMEOUT = 30_000;
const PAUSE = 50;

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
