// Pure: on which addresses that are not declared a worker is still to listen before the one that it replaces may go. One that
// opens them one after the other would be ready with the first, and the requests to the others would be lost. (cluster process)

import type { Milliseconds } from '../core/spec.ts';

/** An app may have given an address up for good: its deploys are to take little longer, and not to fail. */
const MOST: Milliseconds = 5_000;

/**
 * `before`: those of the worker that it replaces. `seen`: those on which it listens. One that listens on as many has them
 * elsewhere, as after a change of PORT, and nothing is to come.
 */
export function missingAddresses(before: readonly string[], seen: readonly string[]): readonly string[] {
  return seen.length >= before.length ? [] : before.filter((address) => !seen.includes(address));
}

/** Those on which it still listens when it has closed one. Two servers may share an address, or one listens there anew. */
export function withoutOne(addresses: readonly string[], closed: string): readonly string[] {
  const at = addresses.indexOf(closed);
  return at === -1 ? addresses : addresses.toSpliced(at, 1);
}

/** How long it has for them, `elapsed` after its start. Then there is still time left of what it has to become ready. */
export function patienceFor(timeout: Milliseconds, elapsed: Milliseconds): Milliseconds {
  return Math.max(0, Math.min(MOST, timeout / 4, (timeout - elapsed) / 2));
}
