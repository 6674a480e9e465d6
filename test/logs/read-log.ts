// What a log holds, read independently of the code under test: rotated files in the order of their names, then the live one.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, parse } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Names of the rotated files, oldest first. */
export function rotatedNames(live: string): string[] {
  const { name } = parse(live);
  return readdirSync(dirname(live))
    .filter((file) => file.startsWith(`${name}-2`) && file !== basename(live))
    .sort();
}

/** The content of each rotated file, oldest first; throws on a .gz that is not valid. */
export function rotatedContents(live: string): string[] {
  return rotatedNames(live).map((name) => {
    const bytes = readFileSync(join(dirname(live), name));
    return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  });
}

/** Everything, oldest first. */
export function wholeLog(live: string): string {
  return [...rotatedContents(live), existsSync(live) ? readFileSync(live, 'utf8') : ''].join('');
}

/** The numbers n of the lines `<writer> <n> …`, by writer; throws on any other line. */
export function numbersByWriter(text: string): Map<string, number[]> {
  const numbers = new Map<string, number[]>();
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error('the last line has no end');
  for (const line of lines) {
    const match = /^(\w+) (\d+) x*$/.exec(line);
    if (match === null) throw new Error(`a torn line: ${line.slice(0, 200)}`);
    const [, writer = '', number = ''] = match;
    const list = numbers.get(writer) ?? [];
    list.push(Number(number));
    numbers.set(writer, list);
  }
  return numbers;
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
