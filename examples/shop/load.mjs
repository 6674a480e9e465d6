// A load generator without dependencies: N clients, each a loop of "ask, read the whole answer, ask again".
//
// It is strict: whatever keeps a client from its answer counts as failed (refused, reset, timed out, another status
// than 2xx, a body that ends early or is not what it should be), and nothing is asked a second time.
//
// It is fair: a `keep-alive` client keeps one connection, and leaves it when an answer says `Connection: close`, as
// every HTTP client must. The one race that HTTP itself has (a server ends an idle connection while the next
// request is on its way) needs a connection that was idle for the server's keepAliveTimeout; these clients never are.

import http from 'node:http';
import { createHistogram, performance } from 'node:perf_hooks';

const DEFAULTS = {
  host: '127.0.0.1',
  path: '/',
  clients: 8,
  mode: 'keep-alive',
  pause: 0,
  timeout: 30_000,
  check: versionOf,
};
/** After a failure a client waits a little: a port that refuses would otherwise be asked thousands of times. */
const PAUSE_AFTER_FAILURE_MS = 10;
const KEPT_FAILURES = 20;

/** Starts the clients at once; `stop()` lets each finish the request it is at. */
export function startLoad(options) {
  return new Load({ ...DEFAULTS, ...options });
}

/** What a body must be by default: JSON with the version and the pid that answered. Gives the version. */
export function versionOf(body) {
  const answer = JSON.parse(body);
  if (!Number.isInteger(answer.pid) || answer.version === undefined) throw new Error(`unexpected body: ${body}`);
  return String(answer.version);
}

class Load {
  #options;
  #clients;
  #stopping = new AbortController();
  #total = newTally();
  #lap = newTally();
  #waiters = new Set();

  constructor(options) {
    this.#options = options;
    this.#clients = Array.from({ length: options.clients }, () => this.#runClient());
  }

  /** What happened so far. */
  report() {
    return summarize(this.#total);
  }

  /** What happened since the last call of `lap`. */
  lap() {
    const report = summarize(this.#lap);
    this.#lap = newTally();
    return report;
  }

  /** Waits until so many requests more have ended, one way or the other. */
  async more(count) {
    const goal = this.#total.answered + this.#total.failed + count;
    await this.#when(() => this.#total.answered + this.#total.failed >= goal);
  }

  /** Waits until this version has answered since the last `lap`. */
  async sees(version) {
    await this.#when(() => this.#lap.versions.has(String(version)));
  }

  async stop() {
    this.#stopping.abort();
    await Promise.all(this.#clients);
    return this.report();
  }

  async #runClient() {
    const agent =
      this.#options.mode === 'keep-alive' ? new http.Agent({ keepAlive: true, maxSockets: 1 }) : new http.Agent();
    while (!this.#stopping.signal.aborted) {
      const started = performance.now();
      const outcome = await ask(agent, this.#options);
      this.#count(outcome, performance.now() - started);
      const pause =
        outcome.error === null ? this.#options.pause : Math.max(this.#options.pause, PAUSE_AFTER_FAILURE_MS);
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    }
    agent.destroy();
  }

  #count(outcome, milliseconds) {
    for (const tally of [this.#total, this.#lap]) record(tally, outcome, milliseconds);
    for (const waiter of this.#waiters) {
      if (!waiter.isDone()) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  async #when(isDone) {
    if (isDone()) return;
    await new Promise((resolve) => this.#waiters.add({ isDone, resolve }));
  }
}

/** One request; never rejects. */
async function ask(agent, { host, port, socketPath, path, mode, timeout, check }) {
  const headers = mode === 'close' ? { connection: 'close' } : {};
  const request = http.get({ host, port, socketPath, path, agent, headers, timeout });
  request.on('timeout', () => request.destroy(new Error(`no answer for ${timeout} ms`)));
  try {
    const { status, body } = await readAnswer(request);
    if (status < 200 || status > 299) throw new Error(`status ${status}`);
    return { error: null, version: check(body), reused: request.reusedSocket };
  } catch (error) {
    return { error: error.code ?? error.message, version: null, reused: request.reusedSocket };
  }
}

function readAnswer(request) {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString() }));
      response.on('close', () => reject(new Error('the answer ended early')));
    });
  });
}

function newTally() {
  return {
    since: performance.now(),
    answered: 0,
    failed: 0,
    reused: 0,
    versions: new Map(),
    errors: new Map(),
    failures: [],
    micros: createHistogram(),
  };
}

function record(tally, outcome, milliseconds) {
  if (outcome.reused) tally.reused += 1;
  if (outcome.error === null) {
    tally.answered += 1;
    increment(tally.versions, outcome.version);
    tally.micros.record(Math.max(1, Math.round(milliseconds * 1000)));
    return;
  }
  tally.failed += 1;
  increment(tally.errors, outcome.error);
  if (tally.failures.length < KEPT_FAILURES) {
    tally.failures.push({ time: new Date().toISOString(), error: outcome.error, reused: outcome.reused, milliseconds });
  }
}

function increment(counts, key) {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function summarize(tally) {
  const durationMs = performance.now() - tally.since;
  const percentile = (p) => (tally.answered === 0 ? 0 : tally.micros.percentile(p) / 1000);
  return {
    answered: tally.answered,
    failed: tally.failed,
    reused: tally.reused,
    versions: Object.fromEntries(tally.versions),
    errors: Object.fromEntries(tally.errors),
    failures: [...tally.failures],
    durationMs,
    perSecond: Math.round((tally.answered / durationMs) * 1000),
    latencyMs: { p50: percentile(50), p99: percentile(99), max: percentile(100) },
  };
}
