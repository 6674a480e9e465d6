// Runs a program to its end and says how long that took.

import { spawn } from 'node:child_process';

/** Rejects unless it ends with 0. `ms`: from the spawn to its end. */
export function runProgram(program, args, { deadline = 300_000, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: deadline, ...options });
    const output = { stdout: '', stderr: '' };
    let ms = 0;
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (chunk) => {
        output[name] += chunk;
      });
    }
    child.on('error', reject);
    child.on('exit', () => {
      ms = performance.now() - started;
    });
    child.on('close', (code, signal) => {
      if (code === 0) return resolve({ ms, ...output });
      const ended = code === null ? `killed by ${signal}` : `exit code ${code}`;
      reject(new Error(`${[program, ...args].join(' ')}: ${ended}\n${output.stdout}${output.stderr}`));
    });
  });
}
