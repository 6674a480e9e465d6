// Connects to a port again and again, and counts how often it was refused.

import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Refusals {
  /** Waits until so many connections more were tried. */
  more(count: number): Promise<void>;
  /** How many were refused. */
  stop(): Promise<number>;
}

/** Short of what a listen queue takes, while nobody accepts. */
const BETWEEN_MS = 10;

export function watchRefusals(port: number): Refusals {
  let [tried, refused] = [0, 0];
  const stopping = new AbortController();
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      if (!(await connects(port))) refused += 1;
      tried += 1;
      await sleep(BETWEEN_MS);
    }
  })();
  return {
    async more(count) {
      for (const goal = tried + count; tried < goal; ) await sleep(BETWEEN_MS);
    },
    async stop() {
      stopping.abort();
      await loop;
      return refused;
    },
  };
}

export function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
