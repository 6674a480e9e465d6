// Whether the files hold every line of every writer once, whole and in order (apps/writer.mjs).

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';

const LINE = /^(\d) (\d+) (info [\w =/.]+id=[0-9a-f]{16}\.*)$/;

/**
 * `files`: oldest first. `expected`: writer → lines. Gives the number of lines that are torn, missing, or not where they
 * should be.
 */
export async function countFaultyLines(files, expected) {
  const next = new Map([...expected.keys()].map((writer) => [writer, 0]));
  let faulty = 0;
  for (const file of files) {
    for await (const line of linesOf(file)) {
      const [, writer, number] = LINE.exec(line) ?? [];
      if (writer !== undefined && next.get(writer) === Number(number)) next.set(writer, Number(number) + 1);
      else faulty += 1;
    }
  }
  for (const [writer, lines] of expected) faulty += lines - next.get(writer);
  return faulty;
}

function linesOf(file) {
  const bytes = createReadStream(file);
  return createInterface({ input: file.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes });
}
