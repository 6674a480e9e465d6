// A temporary folder with all that one contender writes and runs, gone with everything that ran in it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noneLeftIn } from './processes.mjs';

export function makeFolder(name) {
  return mkdtempSync(join(tmpdir(), `bench-${name}-`));
}

/** Rejects where a process had to be killed. */
export async function removeFolder(dir) {
  try {
    await noneLeftIn(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
