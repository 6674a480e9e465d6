// The shop's customers: load on several ports at once, half keep-alive and half a connection per request, counted as one.

import { startLoad } from '../load.mjs';

export class Crowd {
  #loads;

  constructor(ports, clients) {
    const each = clients / ports.length / 2;
    this.#loads = ports.flatMap((port) => [
      startLoad({ port, clients: each, mode: 'keep-alive' }),
      startLoad({ port, clients: each, mode: 'close' }),
    ]);
  }

  /** Waits until each group has ended so many requests more. */
  async more(count) {
    await Promise.all(this.#loads.map((load) => load.more(count)));
  }

  /** What happened since the last call. */
  lap() {
    return sum(this.#loads.map((load) => load.lap()));
  }

  async stop() {
    return sum(await Promise.all(this.#loads.map((load) => load.stop())));
  }
}

function sum(reports) {
  const errors = reports.flatMap((report) => Object.keys(report.errors));
  return {
    answered: total(reports.map((report) => report.answered)),
    failed: total(reports.map((report) => report.failed)),
    versions: [...new Set(reports.flatMap((report) => Object.keys(report.versions)))],
    errors: [...new Set(errors)],
  };
}

function total(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0);
}
