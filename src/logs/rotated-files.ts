// How rotated files are named and found: beside the live file, `web.out.log` becomes
// `web.out-20260131T235959.123Z.log`, then `….log.gz`. One time, one file: names sort in the order of their content.

import { readdir } from 'node:fs/promises';
import { basename, dirname, join, parse } from 'node:path';
import { systemErrorCode } from './system-error-code.ts';

export interface RotatedFile {
  /** Absolute. */
  readonly path: string;
  /** When it was rotated, milliseconds since the epoch: unique among the files of one stream. */
  readonly time: number;
  readonly compressed: boolean;
}

/** `time`: milliseconds since the epoch. */
export function rotatedPath(live: string, time: number): string {
  const { dir, name, ext } = parse(live);
  return join(dir, `${name}-${new Date(time).toISOString().replaceAll(/[-:]/g, '')}${ext}`);
}

/** What a file beside `live` is; null where it is none of its rotated files. */
export function parseRotated(live: string, fileName: string): RotatedFile | null {
  const compressed = fileName.endsWith('.gz');
  const plain = compressed ? fileName.slice(0, -'.gz'.length) : fileName;
  const { dir, name } = parse(live);
  const time = parseStamp(plain.slice(name.length + 1));
  if (time === null || basename(rotatedPath(live, time)) !== plain) return null;
  return { path: join(dir, fileName), time, compressed };
}

function parseStamp(text: string): number | null {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3})Z/.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? null : time;
}

/** Oldest first. A file that exists plain and compressed is listed twice, the plain one first. A missing folder holds none. */
export async function listRotated(live: string): Promise<RotatedFile[]> {
  const names = await readdir(dirname(live)).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  });
  return names
    .map((name) => parseRotated(live, name))
    .filter((file) => file !== null)
    .sort((a, b) => a.time - b.time || Number(a.compressed) - Number(b.compressed));
}
