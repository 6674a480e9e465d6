// What a log and its rotated files hold, in order.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseRotated } from '../../src/logs/rotated-files.ts';

/** Every whole line of the log at `path`, the oldest first. Throws where a .gz is not valid: let nobody write meanwhile. */
export function readWholeLog(path: string): readonly string[] {
  const files = rotatedOf(path).map(({ content, compressed }) => (compressed ? gunzipSync(content) : content));
  const current = existsSync(path) ? [readFileSync(path)] : [];
  const text = Buffer.concat([...files, ...current]).toString();
  if (text !== '' && !text.endsWith('\n')) throw new Error(`The last line is torn: ${text.slice(-200)}`);
  return text.split('\n').slice(0, -1);
}

/** The rotated files of a log, the oldest first. */
export function rotatedOf(path: string): readonly { readonly content: Buffer; readonly compressed: boolean }[] {
  const folder = dirname(path);
  return readdirSync(folder)
    .map((name) => parseRotated(path, name))
    .filter((file) => file !== null)
    .toSorted((one, other) => one.time - other.time)
    .map((file) => ({ content: readFileSync(`${folder}/${basename(file.path)}`), compressed: file.compressed }));
}
