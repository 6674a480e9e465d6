// A server that takes a second to boot, ten milliseconds to answer, and says which release it is: a file that it reads
// once. It knows nothing of signals, unless GRACEFUL names one: then it does what textbooks say.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const { PORT, RELEASE_FILE, GRACEFUL } = process.env;
const BOOT = 1_000;
const ANSWER = 10;

const version = readFileSync(RELEASE_FILE, 'utf8').trim();
await sleep(BOOT);
let ending = false;
const server = createServer(async (_request, response) => {
  await sleep(ANSWER);
  if (ending) response.setHeader('connection', 'close');
  response.end(JSON.stringify({ version, pid: process.pid }));
});
server.listen(Number(PORT));
if (GRACEFUL !== undefined) {
  process.on(GRACEFUL, () => {
    ending = true;
    server.close(() => process.exit(0));
  });
}
