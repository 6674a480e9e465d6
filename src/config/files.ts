// What the later stages need of the file system: a port, so that tests can do without. (config loader)

import { statSync } from 'node:fs';
import { isExecutable } from '../platform/find-program.ts';
import { readText, type TextFile } from './read-text.ts';

export interface Files {
  /** What a path leads to, symbolic links followed. */
  kindOf(path: string): 'file' | 'directory' | 'missing';
  read(path: string): TextFile;
  /** Whether it is a file that may be run. */
  isProgram(path: string): boolean;
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
  isProgram: isExecutable,
};
