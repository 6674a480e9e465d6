// Pure: what a worker that is not ready still is to do, and what was heard of that last, for people. (cluster process)

import type { ClusterModel, WorkerKey } from '../core/cluster-model.ts';
import { shownUrl } from '../core/shown-url.ts';
import { type AppSpec, formatAddress, isProbedAtGate } from '../core/spec.ts';

/** Of the workers that boot; those of which nobody knows are left out. */
export function awaitedOf(
  { workers }: ClusterModel,
  live: ReadonlyMap<WorkerKey, { readonly awaited?: string }>,
): Readonly<Record<WorkerKey, string>> {
  const booting = workers.filter(({ state }) => state === 'booting');
  return Object.fromEntries(
    booting.flatMap(({ key }) => {
      const awaited = live.get(key)?.awaited;
      return awaited === undefined ? [] : [[key, awaited]];
    }),
  );
}

/** What has been seen of a booting worker. */
export interface Seen {
  /** Declared addresses on which it listens, as the config has them. */
  readonly declared: readonly string[];
  /** Other addresses, as its agent names them. */
  readonly elsewhere: readonly string[];
  /** What the last probe that did not pass brought: "GET /healthz answered 503"; null: none is awaited. */
  readonly answer: string | null;
  /** Messages by which the app says something else than that it is ready. */
  readonly otherMessages: number;
  /** Why it may not listen where it wants to. */
  readonly refused: string | null;
}

export const NOTHING_SEEN: Seen = { declared: [], elsewhere: [], answer: null, otherMessages: 0, refused: null };

/** "it does not listen on 3034"; follows "worker 0 was not ready within 30 s: ". */
export function describeAwaited({ listen, ready }: Pick<AppSpec, 'listen' | 'ready'>, seen: Seen): string {
  if (seen.refused !== null) return `it may not listen where it wants to: ${seen.refused}`;
  const silent = describeSilence(listen.map(formatAddress), seen);
  switch (ready.on) {
    case 'listening':
      return silent;
    case 'message': {
      const { otherMessages: count } = seen;
      const others = count === 0 ? '' : `, but has sent ${count} other ${count === 1 ? 'message' : 'messages'}`;
      return `it has not sent the message "ready"${others}`;
    }
    case 'http':
      // A path is asked when it is about to listen; then it has to listen on all that is declared.
      return seen.answer ?? (isProbedAtGate(ready) ? silent : `GET ${shownUrl(ready.url)} has not been answered`);
    case 'tcp':
      return seen.answer ?? `${ready.host}:${ready.port} has not accepted a connection`;
    case 'log':
      // The pattern itself may be secret.
      return 'it has not written a line that matches ready.pattern';
    case 'delay':
      return 'its delay is not over';
  }
}

function describeSilence(expected: readonly string[], { declared, elsewhere }: Seen): string {
  const missing = expected.filter((address) => !declared.includes(address));
  const others = elsewhere.length === 0 ? '' : `, but on ${elsewhere.join(', ')}`;
  return missing.length === 0
    ? 'it does not listen on anything (one that is no server needs `ready: { on: delay }`, or `start --ready delay SCRIPT`)'
    : `it does not listen on ${missing.join(', ')}${others}`;
}
