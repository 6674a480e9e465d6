// Pure: whether the end of a worker was asked for.

import type { Worker } from './cluster-model.ts';

/**
 * A worker that drains may end when and with what code it likes. One that a signal ended which nobody sent to stop it (out
 * of memory, a fault in native code) has crashed all the same: nothing is to be restarted for it, but it is told.
 */
export function wasAskedFor(state: Worker['state'], signal: string | null, stopSignal: string): boolean {
  switch (state) {
    case 'booting':
    case 'standing-by':
    case 'ready':
      return false;
    case 'draining':
      return signal === null || signal === stopSignal;
    case 'killing':
      return true;
  }
}
