// A pause that ends early when its reason is gone. (cluster process)

import { setTimeout as sleep } from 'node:timers/promises';
import type { Milliseconds } from '../core/spec.ts';

/** False: aborted. Leaves no listener behind on `signal`. */
export async function pauseFor(duration: Milliseconds, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(duration, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
