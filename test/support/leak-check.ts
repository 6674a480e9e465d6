// Global setup of the e2e tests: everything they make lives below one folder; nothing of it may outlive them.

import { chmodSync, existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { CLI } from './cli-process.ts';
import { killHard, processesOf } from './process-table.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The folder of all rigs. */
    e2eRoot: string;
  }
}

export default function setup(project: TestProject): () => void {
  if (!existsSync(CLI)) throw new Error(`${CLI} is missing: run 'npm run build' first`);
  const root = mkdtempSync(join(realpathSync(tmpdir()), 'evenkeel-e2e-'));
  // Workers may run as somebody else.
  chmodSync(root, 0o711);
  project.provide('e2eRoot', root);
  return () => {
    const processes = processesOf(root);
    for (const { pid } of processes) killHard(pid);
    const leaks = [
      ...processes.map(({ pid, command }) => `process ${pid}: ${command}`),
      ...readdirSync(root).map((name) => `folder ${join(root, name)}`),
    ];
    rmSync(root, { recursive: true, force: true });
    if (leaks.length > 0) throw new Error(`The tests left behind:\n${leaks.join('\n')}`);
  };
}
