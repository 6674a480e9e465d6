// plain-pipe.mjs SCRIPT WORKERS FILE: a Node program that pipes what its children write into one file, as short as that
// can be said. It ends when its own stdin does.

import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';

const [, , script, workers, file] = process.argv;

const output = createWriteStream(file);
output.setMaxListeners(0);
const children = Array.from({ length: Number(workers) }, (_, index) => {
  const env = { ...process.env, WRITER: String(index) };
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.pipe(output, { end: false });
  return child;
});
process.stdin.resume().on('end', () => {
  for (const child of children) child.kill('SIGKILL');
  process.exit(0);
});
