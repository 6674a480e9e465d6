// The last lines of a log file, read from its end, and on into its rotated files where it has too few. (CLI, manager.)

import { type FileHandle, open, stat } from 'node:fs/promises';
import { countLines, eachLine } from './newline.ts';
import { readRotated } from './read-rotated.ts';
import { listRotated, type RotatedFile } from './rotated-files.ts';

const BLOCK = 64 * 1024;

/**
 * At most the last `count` lines, oldest first; none where there is no file. `upTo`: as if the live file were no longer
 * than so many bytes. Holds these lines in memory.
 */
export async function lastLinesOfFile(path: string, count: number, upTo = Number.POSITIVE_INFINITY): Promise<string[]> {
  if (count <= 0) return [];
  // Opened before the folder is listed: a rotation in between then shows as the same file twice, and not as a gap.
  const live = await open(path, 'r').catch(() => null);
  try {
    const facts = (await live?.stat()) ?? null;
    let lines = live !== null && facts?.isFile() ? await lastLinesOf(live, Math.min(facts.size, upTo), count) : [];
    const rotated = await listRotated(path).catch(() => []);
    for (const file of rotated.reverse()) {
      if (lines.length >= count) break;
      if (await isInode(file.path, facts?.ino ?? null)) continue;
      lines = [...(await lastLinesOfRotated(file, count - lines.length)), ...lines];
    }
    return lines;
  } finally {
    await live?.close();
  }
}

async function isInode(path: string, inode: number | null): Promise<boolean> {
  const facts = await stat(path).catch(() => null);
  return facts !== null && facts.ino === inode;
}

async function lastLinesOfRotated(file: RotatedFile, count: number): Promise<string[]> {
  if (file.compressed) return lastLinesOfCompressed(file.path, count);
  const handle = await open(file.path, 'r').catch(() => null);
  // It has just been compressed, or is gone for good.
  if (handle === null) return lastLinesOfCompressed(`${file.path}.gz`, count);
  try {
    return await lastLinesOf(handle, (await handle.stat()).size, count);
  } finally {
    await handle.close();
  }
}

async function lastLinesOf(file: FileHandle, size: number, count: number): Promise<string[]> {
  const blocks: Buffer[] = [];
  let newlines = 0;
  let position = size;
  // One newline more than lines wanted: then the first of these is whole.
  while (position > 0 && newlines <= count) {
    const length = Math.min(BLOCK, position);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position - length);
    position -= length;
    const block = buffer.subarray(0, bytesRead);
    blocks.unshift(block);
    newlines += countLines(block);
  }
  return splitLast(blocks, count);
}

async function lastLinesOfCompressed(path: string, count: number): Promise<string[]> {
  const blocks: Buffer[] = [];
  let newlines = 0;
  try {
    for await (const block of readRotated({ path, compressed: true })) {
      blocks.push(block);
      newlines += countLines(block);
      while (blocks[0] !== undefined && newlines - countLines(blocks[0]) > count) {
        newlines -= countLines(blocks[0]);
        blocks.shift();
      }
    }
  } catch {
    // Gone meanwhile, or damaged: what could be read is better than nothing.
  }
  return splitLast(blocks, count);
}

function splitLast(blocks: readonly Buffer[], count: number): string[] {
  const lines: string[] = [];
  eachLine(Buffer.concat(blocks), (line) => lines.push(line));
  return lines.slice(-count);
}
