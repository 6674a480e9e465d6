// Ports that nobody listens on.

import { createServer } from 'node:net';

/** Below the ports that systems hand out for outgoing connections, of which the load makes many. */
const FIRST_PORT = 18_000;

export async function freePorts(count) {
  const ports = [];
  // Another start for each process, so that two runs side by side do not meet.
  for (let port = FIRST_PORT + (process.pid % 12_000); ports.length < count; port += 1) {
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
