// Watches one booting worker for what makes it ready (config `ready`). The deadline is not kept here: the worker
// machine owns it. (cluster process)

import { type AppSpec, formatAddress, type Milliseconds } from '../core/spec.ts';
import { pauseFor } from './pause-for.ts';
import { type Asked, MOST_ATTEMPTS, type PortAnswer, probeTcp, probeUrl } from './probe.ts';
import { isShared, isWaiting, portOfUrl } from './shared-port.ts';
import type { ProbeAnswer, WorkerLink } from './worker-link.ts';
import type { WorkerProcess } from './worker-process.ts';

export interface ReadinessSources {
  readonly process: WorkerProcess;
  readonly link: WorkerLink | null;
  /** Calls back at the worker's first line that matches. */
  watchLine(pattern: RegExp, onMatch: () => void): () => void;
  /** Our descriptor of a declared address. */
  socketFd(address: string): number;
}

/** Pause between two probes of a worker that is not ready yet. */
const PROBE_PAUSE: Milliseconds = 50;
/** The same where another worker took the connection: it says nothing, and is quickly had. */
const RETRY_PAUSE: Milliseconds = 20;
const PROBE_TIMEOUT: Milliseconds = 2_000;
/** How long a worker has to live where the system does not tell whether it was the one that accepted. */
const UNSEEN_LIFE: Milliseconds = 1_000;

/** Calls `onReady` at most once; stops watching when `signal` aborts. */
export function watchReadiness(
  spec: AppSpec,
  sources: ReadinessSources,
  signal: AbortSignal,
  onReady: () => void,
): void {
  const once = (): void => {
    if (!signal.aborted) onReady();
  };
  const { ready } = spec;
  switch (ready.on) {
    case 'listening':
      return watchListening(spec, sources.link, once);
    case 'message':
      sources.link?.on((message) => {
        if (message.type === 'ready') once();
      });
      return sources.process.onMessage((message) => {
        if (saysReady(message)) once();
      });
    case 'http':
      if (ready.url.startsWith('/')) return watchGate(spec, sources.link, ready.url, ready.status, signal, once);
      return watchPort(spec, portOfUrl(ready.url), sources, signal, once, (asked) =>
        probeUrl(ready.url, ready.status, asked, PROBE_TIMEOUT),
      );
    case 'tcp':
      return watchPort(spec, ready.port, sources, signal, once, (asked) =>
        probeTcp(ready.host, ready.port, asked, PROBE_TIMEOUT),
      );
    case 'log':
      return signal.addEventListener('abort', sources.watchLine(new RegExp(ready.pattern), once), { once: true });
    case 'delay':
      return void pauseFor(ready.delay, signal).then((passed) => passed && once());
  }
}

/** Ready when it listens on every declared socket, or, where none is declared, on its first one. */
function watchListening(spec: AppSpec, link: WorkerLink | null, onReady: () => void): void {
  const missing = new Set(spec.listen.map(formatAddress));
  link?.on((message) => {
    if (message.type !== 'listening') return;
    if (message.declared !== null) missing.delete(message.declared);
    if (missing.size === 0) onReady();
  });
}

/** The app's listen is held: ask it privately, open the gate when it answers well, and wait until it listens. */
function watchGate(
  spec: AppSpec,
  link: WorkerLink | null,
  path: string,
  status: number | null,
  signal: AbortSignal,
  onReady: () => void,
): void {
  if (link === null) return;
  let probing = false;
  link.on((message) => {
    if (message.type !== 'held' || probing) return;
    probing = true;
    void pollUntil(
      () => link.probe(path, status, PROBE_TIMEOUT),
      signal,
      () => link.send({ type: 'open' }),
    );
  });
  watchListening(spec, link, onReady);
}

type PortProbe = (asked: Asked | null) => Promise<PortAnswer>;

/** On a declared port the very worker has to answer; the first connection waits in the kernel's queue until one accepts. */
function watchPort(
  spec: AppSpec,
  port: number,
  sources: ReadinessSources,
  signal: AbortSignal,
  onReady: () => void,
  probe: PortProbe,
): void {
  const pid = isShared(spec.listen, port) ? (sources.process.identity?.pid ?? null) : null;
  const lived = pauseFor(UNSEEN_LIFE, signal);
  const patience = Number.POSITIVE_INFINITY;
  const ask = async (): Promise<void> => {
    for (let attempts = 1; !signal.aborted; ) {
      const answer = await probe(pid === null ? null : { pid, attempts, patience, signal });
      if (answer.ok && answer.by === 'unseen') await lived;
      if (answer.ok || (await seemsReady(answer, spec, sources))) return onReady();
      if (answer.by === 'another') attempts = Math.min(2 * attempts, MOST_ATTEMPTS);
      await pauseFor(answer.by === 'another' ? RETRY_PAUSE : PROBE_PAUSE, signal);
    }
  };
  void ask();
}

/** Others are quicker, but it waits for connections as they do: where that is all that is asked, it is ready. */
async function seemsReady(answer: PortAnswer, { ready, listen }: AppSpec, sources: ReadinessSources): Promise<boolean> {
  const pid = sources.process.identity?.pid;
  if (answer.by !== 'another' || ready.on !== 'tcp' || pid === undefined) return false;
  const address = listen.find((candidate) => candidate.kind === 'tcp' && candidate.port === ready.port);
  return address !== undefined && (await isWaiting(pid, sources.socketFd(formatAddress(address))));
}

async function pollUntil(probe: () => Promise<ProbeAnswer>, signal: AbortSignal, onPassed: () => void): Promise<void> {
  while (!signal.aborted) {
    const answer = await probe();
    if (answer.ok) return onPassed();
    await pauseFor(PROBE_PAUSE, signal);
  }
}

/** The words of naught and of others. Anything else, null and junk included, says nothing. */
export function saysReady(message: unknown): boolean {
  return message === 'online' || message === 'ready' || eventOf(message) === 'ready';
}

export function asksReplacement(message: unknown): boolean {
  return message === 'offline' || message === 'Offline' || eventOf(message) === 'request-restart';
}

function eventOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'event' in message ? message.event : undefined;
}
