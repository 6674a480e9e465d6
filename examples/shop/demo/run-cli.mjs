// Runs the built CLI to its end.

import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../../dist/cli/main.cjs', import.meta.url));

/** `node`: the program that runs the CLI, and, being first in PATH, everything that the CLI starts. */
export function runCli(args, { cwd, node = process.execPath }) {
  const env = { ...process.env, PATH: `${dirname(node)}:${process.env.PATH}` };
  return new Promise((resolve, reject) => {
    const child = spawn(node, [CLI, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (chunk) => {
        output[name] += chunk;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...output }));
  });
}
