// Serves, and tells the benchmark so over a unix socket as soon as it does.

import { createServer } from 'node:http';
import { createConnection } from 'node:net';

const { PORT, REPORT, NAME = '' } = process.env;

const server = createServer((_request, response) => response.end(String(process.pid)));
server.listen(Number(PORT ?? 0), () => {
  createConnection(REPORT).end(`${JSON.stringify({ name: NAME, pid: process.pid })}\n`);
});
