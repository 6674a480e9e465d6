// Watches one booting worker for what makes it ready (config `ready`), and for its coming to its gate. The deadline is not
// kept here: the worker machine owns it. (cluster process)
//
// Two things may hold a worker when it is about to listen: a probe that has not passed yet (`ready.on: http`), and the
// machine, where it may not serve beside others (strategy handover). It listens when neither does.

import { shownUrl } from '../core/shown-url.ts';
import { type AppSpec, formatAddress, isProbedAtGate } from '../core/spec.ts';
import { describeAwaited, NOTHING_SEEN, type Seen } from './awaited.ts';
import { missingAddresses, patienceFor, withoutOne } from './late-addresses.ts';
import { pauseFor } from './pause-for.ts';
import { PROBE_PAUSE, PROBE_TIMEOUT, watchPort } from './port-readiness.ts';
import type { ProbeAnswer, WorkerLink } from './worker-link.ts';
import type { WorkerProcess } from './worker-process.ts';

export interface ReadinessPorts {
  readonly process: Pick<WorkerProcess, 'identity' | 'onMessage'>;
  readonly link: WorkerLink | null;
  /** Calls back at the worker's first line that matches. */
  watchLine(pattern: RegExp, onMatch: () => void): () => void;
  /** Our descriptor of a declared address. */
  socketFd(address: string): number;
  /** Undeclared addresses on which the worker listens that this one replaces. */
  readonly before: readonly string[];
  /** It is taken for ready without these. */
  onMissing(addresses: readonly string[]): void;
  /** It can go no further before its gate is opened. At most once, and only where it was shut. */
  onAtGate(): void;
  /** At most once. */
  onReady(): void;
}

export class Readiness {
  readonly #spec: AppSpec;
  readonly #ports: ReadinessPorts;
  readonly #signal: AbortSignal;
  #gate: 'shut' | 'reached' | 'open';
  /** Of a worker that is held when it listens. */
  #probe: 'needless' | 'to come' | 'under way' | 'passed';
  #state: 'waiting' | 'met' | 'told' = 'waiting';
  /** Named resources that it waits for. */
  readonly #resources = new Set<string>();
  readonly #startedAt = performance.now();
  #seen: Seen = NOTHING_SEEN;
  #isPatient = false;

  /** Stops watching when `signal` aborts. */
  constructor(spec: AppSpec, gate: 'open' | 'shut', ports: ReadinessPorts, signal: AbortSignal) {
    this.#spec = spec;
    this.#gate = gate;
    this.#ports = ports;
    this.#signal = signal;
    this.#probe = isProbedAtGate(spec.ready) ? 'to come' : 'needless';
    ports.link?.on((message) => {
      if (message.type === 'held') this.#onHeld();
      if (message.type === 'ready-for') this.#onReadyFor(message.resource);
      if (message.type === 'refused') this.#seen = { ...this.#seen, refused: message.reason };
    });
    this.#watch();
    if (gate === 'open') this.#askOutside();
  }

  /** What it is that has not come to pass, and what was heard of that last. */
  get awaited(): string {
    return describeAwaited(this.#spec, this.#seen);
  }

  openGate(): void {
    if (this.#gate === 'open') return;
    this.#gate = 'open';
    for (const resource of this.#resources) this.#grant(resource);
    if (this.#probe === 'needless' || this.#probe === 'passed') this.#letListen();
    this.#askOutside();
    this.#tell();
  }

  #onHeld(): void {
    if (this.#probe === 'needless' || this.#probe === 'passed') return this.#afterProbe();
    if (this.#probe === 'under way') return;
    this.#probe = 'under way';
    const { link } = this.#ports;
    const { ready } = this.#spec;
    if (link === null || ready.on !== 'http') return;
    this.#hear(`GET ${shownUrl(ready.url)} has not been answered`);
    const ask = () => link.probe(ready.url, ready.status, PROBE_TIMEOUT);
    const onFailed = (detail: string): void => this.#hear(detail);
    void pollUntil(ask, onFailed, this.#signal, () => {
      this.#hear(null);
      this.#probe = 'passed';
      this.#afterProbe();
    });
  }

  /** Of which it says itself that it may not be taken by two. */
  #onReadyFor(resource: string): void {
    if (this.#gate === 'open') return this.#grant(resource);
    this.#resources.add(resource);
    this.#reachGate();
  }

  #grant(resource: string): void {
    this.#ports.link?.send({ type: 'grant', resource });
  }

  #afterProbe(): void {
    if (this.#gate === 'open') this.#letListen();
    else this.#reachGate();
  }

  #hear(answer: string | null): void {
    this.#seen = { ...this.#seen, answer };
  }

  #letListen(): void {
    this.#ports.link?.send({ type: 'open' });
  }

  #reachGate(): void {
    if (this.#gate !== 'shut' || this.#signal.aborted) return;
    this.#gate = 'reached';
    this.#ports.onAtGate();
  }

  /** What the config asks for has come to pass. One that says so without ever listening has nothing to be held for. */
  #meet(): void {
    if (this.#state !== 'waiting' || this.#seen.refused !== null) return;
    this.#state = 'met';
    this.#reachGate();
    this.#tell();
  }

  #tell(): void {
    if (this.#state !== 'met' || this.#gate !== 'open' || this.#signal.aborted) return;
    this.#state = 'told';
    this.#ports.onReady();
  }

  #watch(): void {
    const { ready } = this.#spec;
    const meet = (): void => this.#meet();
    switch (ready.on) {
      case 'listening':
        return this.#watchListening();
      case 'message':
        this.#ports.link?.on((message) => {
          if (message.type === 'ready') this.#meet();
        });
        return this.#ports.process.onMessage((message) => {
          if (saysReady(message)) this.#meet();
          else this.#seen = { ...this.#seen, otherMessages: this.#seen.otherMessages + 1 };
        });
      case 'http':
        if (isProbedAtGate(ready)) this.#watchListening();
        return;
      case 'tcp':
        return;
      case 'log':
        return this.#signal.addEventListener('abort', this.#ports.watchLine(new RegExp(ready.pattern), meet), {
          once: true,
        });
      case 'delay':
        return void pauseFor(ready.delay, this.#signal).then((passed) => passed && this.#meet());
    }
  }

  /**
   * Ready when it listens on every declared socket, or, where none is declared, on its first one; and on as many others as the
   * worker that it replaces, for a while.
   */
  #watchListening(): void {
    const expected = this.#spec.listen.map(formatAddress);
    this.#ports.link?.on((message) => {
      const { declared, elsewhere } = this.#seen;
      if (message.type === 'closed') this.#seen = { ...this.#seen, elsewhere: withoutOne(elsewhere, message.address) };
      if (message.type !== 'listening') return;
      if (message.declared === null) this.#seen = { ...this.#seen, elsewhere: [...elsewhere, message.address] };
      else this.#seen = { ...this.#seen, declared: [...declared, message.declared] };
      if (!expected.every((address) => this.#seen.declared.includes(address))) return;
      if (this.#missing().length === 0) this.#meet();
      else this.#awaitOthers();
    });
  }

  #missing(): readonly string[] {
    return missingAddresses(this.#ports.before, this.#seen.elsewhere);
  }

  /** Once: it listens on one address after the other. */
  #awaitOthers(): void {
    if (this.#isPatient) return;
    this.#isPatient = true;
    const patience = patienceFor(this.#spec.ready.timeout, performance.now() - this.#startedAt);
    void pauseFor(patience, this.#signal).then((passed) => {
      if (!passed || this.#state !== 'waiting') return;
      this.#ports.onMissing(this.#missing());
      this.#meet();
    });
  }

  /** What answers there may be any worker, so there is no use in asking as long as this one is held. */
  #askOutside(): void {
    const { ready } = this.#spec;
    if (ready.on !== 'tcp' && (ready.on !== 'http' || isProbedAtGate(ready))) return;
    const { process, socketFd } = this.#ports;
    const onFailed = (detail: string): void => this.#hear(detail);
    void watchPort({ spec: this.#spec, ready, process, socketFd, onFailed }, this.#signal, () => this.#meet());
  }
}

async function pollUntil(
  probe: () => Promise<ProbeAnswer>,
  onFailed: (detail: string) => void,
  signal: AbortSignal,
  onPassed: () => void,
): Promise<void> {
  while (!signal.aborted) {
    const answer = await probe();
    if (answer.ok) return onPassed();
    onFailed(answer.detail);
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
