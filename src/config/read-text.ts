// Reads a small text file, and looks first: opening a FIFO would wait forever. (config loader)

import { readFileSync, type Stats, statSync } from 'node:fs';

export type TextFile =
  | { readonly ok: true; readonly text: string }
  /** `reason` follows the name of the file: "does not exist". */
  | { readonly ok: false; readonly missing: boolean; readonly reason: string };

export const MAX_BYTES = 1024 * 1024;

/** The text of a file without its byte order mark. */
export function readText(file: string, maxBytes = MAX_BYTES): TextFile {
  try {
    const oddity = describeOddity(statSync(file), maxBytes);
    if (oddity !== null) return { ok: false, missing: false, reason: oddity };
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file)) };
  } catch (error) {
    return failure(error);
  }
}

/** Why a file is not one to read; null: it is fine. */
export function describeOddity(stats: Stats, maxBytes = MAX_BYTES): string | null {
  if (stats.isDirectory()) return 'is a directory, not a file';
  if (!stats.isFile()) return 'is not a regular file';
  return stats.size > maxBytes ? `is larger than ${maxBytes / 1024 ** 2} MB` : null;
}

function failure(error: unknown): TextFile {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ENOENT' || code === 'ENOTDIR') return { ok: false, missing: true, reason: 'does not exist' };
  if (code === 'EACCES' || code === 'EPERM')
    return { ok: false, missing: false, reason: 'may not be read by this user' };
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return { ok: false, missing: false, reason: 'is not UTF-8 text' };
  return { ok: false, missing: false, reason: `cannot be read: ${error instanceof Error ? error.message : error}` };
}
