// A unix socket on which the apps under measurement say what they did. The time of a report is that of its arrival.

import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { makeFolder, removeFolder } from './folder.mjs';

export class Reports {
  path;
  #dir;
  #server;
  #seen = [];
  #waiting = new Set();
  #sockets = new Set();

  static async open() {
    const reports = new Reports();
    reports.#dir = makeFolder('reports');
    reports.path = join(reports.#dir, 'report.sock');
    reports.#server = createServer((socket) => reports.#take(socket));
    await new Promise((resolve, reject) => reports.#server.on('error', reject).listen(reports.path, resolve));
    return reports;
  }

  /**
   * Waits until `count` reports fulfil `isMeant`, and takes them: each is given once. Adds to each when it came (`at`, by
   * performance.now()) and how to answer.
   */
  async take(count, isMeant, { deadline = 120_000 } = {}) {
    const taken = () => this.#seen.filter(isMeant).slice(0, count);
    await new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`only ${taken().length} of ${count} reports within ${deadline} ms`)),
        deadline,
      );
      const check = () => {
        if (taken().length < count) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
    const reports = taken();
    this.#seen = this.#seen.filter((report) => !reports.includes(report));
    return reports;
  }

  async close() {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    await removeFolder(this.#dir);
  }

  #take(socket) {
    this.#sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
    createInterface({ input: socket }).on('line', (line) => {
      this.#seen.push({ ...JSON.parse(line), at: performance.now(), answer: (text) => socket.write(text) });
      for (const check of [...this.#waiting]) check();
    });
  }
}
