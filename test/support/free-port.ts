// Ports for apps under test: free now, and nobody else's until the test ends.
//
// Asking the system for port 0 and letting go of it would not do: it hands out ports of the range that outgoing
// connections use, so under load one of those can take the port before the app binds it. And test files run side
// by side, so a port is reserved by a file named after it.

import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { isAlive } from './process-table.ts';

/** Below the ranges of Linux (from 32768) and macOS (from 49152). */
const FIRST = 12_000;
const COUNT = 18_000;
const RESERVATIONS = join(tmpdir(), 'evenkeel-test-ports');

/** A port that is free and stays reserved until the test ends. */
export async function freePort(): Promise<number> {
  mkdirSync(RESERVATIONS, { recursive: true });
  const start = Math.floor(Math.random() * COUNT);
  for (let step = 0; step < COUNT; step += 1) {
    const port = FIRST + ((start + step) % COUNT);
    const file = join(RESERVATIONS, String(port));
    if (!reserve(file)) continue;
    if (await canBind(port)) {
      onTestFinished(() => rmSync(file, { force: true }));
      return port;
    }
    rmSync(file, { force: true });
  }
  throw new Error('No free port');
}

function reserve(file: string): boolean {
  try {
    const fd = openSync(file, 'wx');
    writeSync(fd, String(process.pid));
    closeSync(fd);
    return true;
  } catch {
    if (!isAbandoned(file)) return false;
    rmSync(file, { force: true });
    return false;
  }
}

/** A test run that was killed leaves its reservations. One that is just being written reads as empty and is left alone. */
function isAbandoned(file: string): boolean {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return pid > 0 && !isAlive(pid);
  } catch {
    return false;
  }
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
