// How many requests a server answers: wrk asks, in a process of its own and with next to no CPU time.

import { runProgram } from './run-program.mjs';

const CONNECTIONS = 32;
const WARM_UP = 2;
const SECONDS = 5;

/** Requests per second. `mode`: 'keep-alive' or 'close'. Rejects where a single one fails. */
export async function requestRate(port, mode) {
  await wrk(port, mode, WARM_UP);
  return wrk(port, mode, SECONDS);
}

/** What `wrk` says of itself; throws where it is not installed. */
export async function wrkVersion() {
  try {
    // It has no way to say its version without a failure.
    await runProgram('wrk', ['-v']);
  } catch (error) {
    const [, version] = /^wrk (?:debian\/)?(\S+)/m.exec(error.message) ?? [];
    if (version !== undefined) return version;
    throw new Error('wrk is not installed (apt-get install wrk, or brew install wrk)', { cause: error });
  }
  throw new Error('wrk -v said nothing');
}

async function wrk(port, mode, seconds) {
  const header = mode === 'close' ? ['-H', 'Connection: close'] : [];
  const { stdout } = await runProgram('wrk', [
    ...['-t', '1', '-c', `${CONNECTIONS}`, '-d', `${seconds}s`],
    ...[...header, `http://127.0.0.1:${port}/`],
  ]);
  if (/^\s*(?:Socket errors|Non-2xx)/m.test(stdout)) throw new Error(`requests failed:\n${stdout}`);
  return Number(/^Requests\/sec:\s+([\d.]+)/m.exec(stdout)?.[1]);
}
