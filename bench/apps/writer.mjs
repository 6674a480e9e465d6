// Waits for the benchmark's word, then writes numbered lines as fast as stdout takes them, and tells it when the last one
// is out. The writes are blocks that end in the middle of a line, as those of every logger with a buffer do.

import { createHash } from 'node:crypto';
import { createConnection } from 'node:net';

const { REPORT, MEGABYTES } = process.env;
const WRITER = process.env.WRITER ?? process.env.EVENKEEL_WORKER ?? process.env.NODE_APP_INSTANCE;
const BLOCK = 16 * 1024;
/** What logs are made of: much that is the same in each line, and some that is not. gzip makes a sixth of it. */
const FILLINGS = Array.from({ length: 1024 }, (_, index) => {
  const id = createHash('sha256').update(String(index)).digest('hex').slice(0, 16);
  return `info request answered status=200 method=GET path=/items/${index % 97} id=${id}`.padEnd(80, '.');
});

const link = createConnection(REPORT);
tell({ writer: WRITER, pid: process.pid });
link.once('data', async () => tell({ writer: WRITER, lines: await writeAll(Number(MEGABYTES) * 2 ** 20) }));
process.send?.('ready');

/** Gives the number of lines. */
async function writeAll(total) {
  let lines = 0;
  let rest = '';
  for (let written = 0; written < total; written += BLOCK) {
    while (rest.length < BLOCK) {
      rest += `${WRITER} ${lines} ${FILLINGS[lines % FILLINGS.length]}\n`;
      lines += 1;
    }
    await write(rest.slice(0, BLOCK));
    rest = rest.slice(BLOCK);
  }
  await write(rest);
  return lines;
}

function write(text) {
  return new Promise((resolve) => process.stdout.write(text, resolve));
}

function tell(message) {
  link.write(`${JSON.stringify(message)}\n`);
}
