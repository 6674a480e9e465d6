// The shop's pages. Nothing here knows about evenkeel.

import { createServer } from 'node:http';

const version = '1';
let served = 0;

const server = createServer((_request, response) => {
  served += 1;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ version, greeting: process.env.GREETING, pid: process.pid, n: served }));
});

server.listen(Number(process.env.PORT));
