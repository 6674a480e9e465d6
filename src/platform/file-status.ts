// What a path itself is, with symlinks not followed; null where nothing is there, or nothing that we may see.

import { lstatSync, type Stats } from 'node:fs';
import { errorCode } from './system-error.ts';

const UNSEEN: readonly (string | null)[] = ['ENOENT', 'ENOTDIR', 'EACCES'];

export function fileStatus(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch (error) {
    if (UNSEEN.includes(errorCode(error))) return null;
    throw error;
  }
}
