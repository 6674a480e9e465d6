// Writes a small text that only its owner may read, in one step: a reader finds the old text or the new one.

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** What is there already is not written again: the disk may be full. */
export function writePrivateText(file: string, text: string): void {
  if (readText(file) === text) return;
  const draft = `${file}.${process.pid}`;
  try {
    writeFileSync(draft, text, { mode: 0o600 });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
