// Waits until a port answers.

import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const DEADLINE = 60_000;

export async function answers(port) {
  const end = performance.now() + DEADLINE;
  while (!(await answersNow(port))) {
    if (performance.now() > end) throw new Error(`port ${port} does not answer`);
    await sleep(20);
  }
}

function answersNow(port) {
  return new Promise((resolve) => {
    const request = get({ port, host: '127.0.0.1', agent: false, timeout: 5_000 }, (response) => {
      response.resume().on('end', () => resolve(true));
    });
    request.on('timeout', () => request.destroy()).on('error', () => resolve(false));
  });
}
