// Newlines in buffers: they are searched as bytes, so that the hot path makes no strings.

export const NEWLINE = 10;

export function countLines(lines: Buffer): number {
  let count = 0;
  for (let at = lines.indexOf(NEWLINE); at !== -1; at = lines.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}

/** The text of one line without its line end, be it LF or CRLF. */
export function lineText(line: Buffer): string {
  let end = line.length;
  if (end > 0 && line[end - 1] === NEWLINE) end -= 1;
  if (end > 0 && line[end - 1] === 13) end -= 1;
  return line.toString('utf8', 0, end);
}

/** Calls `visit` with each line of a buffer of whole lines. */
export function eachLine(lines: Buffer, visit: (text: string) => void): void {
  let start = 0;
  while (start < lines.length) {
    const newline = lines.indexOf(NEWLINE, start);
    const end = newline === -1 ? lines.length : newline + 1;
    visit(lineText(lines.subarray(start, end)));
    start = end;
  }
}
