// Puts a time before each line, for `logs.timestamps`. (Cluster process.)

import { countLines, NEWLINE } from './newline.ts';

/** `time`: milliseconds since the epoch. */
export function stampLines(lines: Buffer, time: number): Buffer {
  const prefix = Buffer.from(`${new Date(time).toISOString()} `);
  const stamped = Buffer.allocUnsafe(lines.length + countLines(lines) * prefix.length);
  let to = 0;
  let from = 0;
  while (from < lines.length) {
    const end = lines.indexOf(NEWLINE, from) + 1;
    to += prefix.copy(stamped, to);
    to += lines.copy(stamped, to, from, end);
    from = end;
  }
  return stamped;
}
