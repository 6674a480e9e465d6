// Manager: a config that lies in the state directory (scripts.json) is nobody's to write anew, so it is put back with the
// other files there.

import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { KeptFile } from '../platform/file-keeper.ts';
import { fileStatus } from '../platform/file-status.ts';
import { writePrivateText } from '../platform/private-text.ts';

export interface KeptConfig extends KeptFile {
  /** Remembers what it says now: it has just been read. */
  look(): void;
}

/** `config`: the path of the config that the manager goes by; null: none. */
export function keptConfig(stateDir: string, config: () => string | null): KeptConfig {
  let known: { readonly path: string; readonly mtime: number; readonly text: string } | null = null;
  const path = (): string | null => {
    const file = config();
    return file !== null && dirname(file) === stateDir ? file : null;
  };
  const isThere = (): boolean => {
    const file = path();
    if (file === null) return true;
    const mtime = fileStatus(file)?.mtimeMs;
    if (mtime === undefined) return known?.path !== file;
    if (known?.path !== file || known.mtime !== mtime) known = { path: file, mtime, text: readFileSync(file, 'utf8') };
    return true;
  };
  return {
    ...{ name: 'the config', isThere, look: () => void isThere() },
    putBack: () => {
      if (known !== null && known.path === path()) writePrivateText(known.path, known.text);
    },
  };
}
