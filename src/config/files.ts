// What the later stages need of the file system: a port, so that tests can do without. (config loader)

import { statSync } from 'node:fs';
import { readText, type TextFile } from './read-text.ts';

export interface Files {
  /** What a path leads to, symbolic links followed. */
  kindOf(path: string): 'file' | 'directory' | 'missing';
  read(path: string): TextFile;
}

export const systemFiles: Files = {
  kindOf: (path) => {
    try {
      return statSync(path).isDirectory() ? 'directory' : 'file';
    } catch {
      return 'missing';
    }
  },
  read: readText,
};
