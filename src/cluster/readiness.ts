// Watches one booting worker for what makes it ready (config `ready`). The deadline is not kept here: the worker
// machine owns it. (cluster process)

import { type AppSpec, formatAddress } from '../core/spec.ts';
import { pauseFor } from './pause-for.ts';
import { probeTcp, probeUrl } from './probe.ts';
import type { ProbeAnswer, WorkerLink } from './worker-link.ts';
import type { WorkerProcess } from './worker-process.ts';

export interface ReadinessSources {
  readonly process: WorkerProcess;
  readonly link: WorkerLink | null;
  /** Calls back at the worker's first line that matches. */
  watchLine(pattern: RegExp, onMatch: () => void): () => void;
}

/** Pause between two probes of a worker that is not ready yet. */
const PROBE_PAUSE = 50;
const PROBE_TIMEOUT = 2_000;

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
      return void pollUntil(() => probeUrl(ready.url, ready.status, PROBE_TIMEOUT), signal, once);
    case 'tcp':
      return void pollUntil(() => probeTcp(ready.host, ready.port, PROBE_TIMEOUT), signal, once);
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
