// Hands out numbers, each once. The last one is in memory, so two processes must never do it at the same time.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { onTakedown, readyFor } from 'evenkeel/worker';

const VERSION = '1';
const FILE = 'last-number';
let last = 0;

const server = createServer((_, response) => {
  last += 1;
  response.end(`${JSON.stringify({ version: VERSION, number: last })}\n`);
});

// All else has booted. Called when the process before this one has written the file.
readyFor('numbers', () => {
  if (existsSync(FILE)) last = Number(readFileSync(FILE, 'utf8'));
  server.listen(Number(process.env.PORT));
});

// Called when this process has answered its last request.
onTakedown('numbers', () => writeFileSync(FILE, `${last}\n`));
