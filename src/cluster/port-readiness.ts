// Asks the port that the config names until the booting worker is the one that answers there. (cluster process)

import { type AppSpec, formatAddress, type Milliseconds, type Readiness } from '../core/spec.ts';
import { pauseFor } from './pause-for.ts';
import { type Asked, MOST_ATTEMPTS, type PortAnswer, probeTcp, probeUrl } from './probe.ts';
import { isShared, isWaiting, portOfUrl } from './shared-port.ts';
import type { WorkerProcess } from './worker-process.ts';

export interface PortWatch {
  readonly spec: Pick<AppSpec, 'listen'>;
  readonly ready: Extract<Readiness, { on: 'tcp' | 'http' }>;
  readonly process: Pick<WorkerProcess, 'identity'>;
  /** Our descriptor of a declared address. */
  socketFd(address: string): number;
  /** "127.0.0.1:3000: connect ECONNREFUSED": what an answer was that did not do. */
  onFailed(detail: string): void;
}

/** Pause between two probes of a worker that is not ready yet. */
export const PROBE_PAUSE: Milliseconds = 50;
export const PROBE_TIMEOUT: Milliseconds = 2_000;
/** As PROBE_PAUSE, where another worker took the connection: it says nothing, and is quickly had. */
const RETRY_PAUSE: Milliseconds = 20;
/** How long a worker has to live where the system does not tell whether it was the one that accepted. */
const UNSEEN_LIFE: Milliseconds = 1_000;

/** On a declared port the very worker has to answer; the first connection waits in the kernel's queue until one accepts. */
export async function watchPort(watch: PortWatch, signal: AbortSignal, onAnswer: () => void): Promise<void> {
  const { spec, ready, process } = watch;
  const port = ready.on === 'tcp' ? ready.port : portOfUrl(ready.url);
  const pid = isShared(spec.listen, port) ? (process.identity?.pid ?? null) : null;
  const lived = pauseFor(UNSEEN_LIFE, signal);
  const patience = Number.POSITIVE_INFINITY;
  for (let attempts = 1; !signal.aborted; ) {
    const answer = await probe(ready, pid === null ? null : { pid, attempts, patience, signal });
    if (answer.ok && answer.by === 'unseen') await lived;
    if (answer.ok || (await seemsReady(answer, watch))) return onAnswer();
    watch.onFailed(answer.detail);
    if (answer.by === 'another') attempts = Math.min(2 * attempts, MOST_ATTEMPTS);
    await pauseFor(answer.by === 'another' ? RETRY_PAUSE : PROBE_PAUSE, signal);
  }
}

function probe(ready: PortWatch['ready'], asked: Asked | null): Promise<PortAnswer> {
  return ready.on === 'tcp'
    ? probeTcp(ready.host, ready.port, asked, PROBE_TIMEOUT)
    : probeUrl(ready.url, ready.status, asked, PROBE_TIMEOUT);
}

/** Others are quicker, but it waits for connections as they do: where that is all that is asked, it is ready. */
async function seemsReady(answer: PortAnswer, { ready, spec, process, socketFd }: PortWatch): Promise<boolean> {
  const pid = process.identity?.pid;
  if (answer.by !== 'another' || ready.on !== 'tcp' || pid === undefined) return false;
  const address = spec.listen.find((candidate) => candidate.kind === 'tcp' && candidate.port === ready.port);
  return address !== undefined && (await isWaiting(pid, socketFd(formatAddress(address))));
}
