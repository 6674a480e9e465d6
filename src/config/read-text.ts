// Reads a small text file, and looks first: opening a FIFO would wait forever. (config loader)

import { readFileSync, type Stats, statSync } from 'node:fs';

export type TextFile = { readonly ok: true; readonly text: string } | ({ readonly ok: false } & TextFault);

export interface TextFault {
  /** Follows the name of the file: "does not exist". */
  readonly reason: string;
  /** For a file that the config names. */
  readonly hint: string | null;
}

export const MAX_BYTES = 1024 * 1024;

/** The text of a file without its byte order mark. */
export function readText(file: string, maxBytes = MAX_BYTES): TextFile {
  try {
    const oddity = describeOddity(statSync(file), maxBytes);
    if (oddity !== null) return { ok: false, ...oddity };
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file)) };
  } catch (error) {
    return { ok: false, ...faultOf(error) };
  }
}

/** Why a file is not one to read; null: it is fine. */
export function describeOddity(stats: Stats, maxBytes = MAX_BYTES): TextFault | null {
  if (stats.isDirectory()) return { reason: 'is a directory, not a file', hint: 'name the file in it' };
  // What comes out of these comes once, and a file of the config is read again and again.
  if (!stats.isFile()) return { reason: `is ${describeKind(stats)}, not a regular file`, hint: 'name a regular file' };
  if (stats.size <= maxBytes) return null;
  return { reason: `is larger than ${maxBytes / 1024 ** 2} MB`, hint: 'name a smaller file' };
}

function describeKind(stats: Stats): string {
  if (stats.isFIFO()) return 'a FIFO (named pipe)';
  return stats.isSocket() ? 'a socket' : 'a device';
}

function faultOf(error: unknown): TextFault {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return { reason: 'does not exist', hint: 'create it, or remove the key' };
  if (code === 'EACCES' || code === 'EPERM')
    return { reason: 'may not be read by this user', hint: 'give this user the right to read it' };
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return { reason: 'is not UTF-8 text', hint: 'save it as UTF-8' };
  return { reason: `cannot be read: ${error instanceof Error ? error.message : error}`, hint: null };
}
