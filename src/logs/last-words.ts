// Pure: which of the lines that a worker wrote last are shown when it has failed.

/** Of a line that begins an error: "Error: no", "TypeError [ERR_X]: no", "java.io.IOException: no", "Traceback (...". */
const NAMED = /^(?:Uncaught )?(?:[\w$.]*(?:Error|Exception)(?: \[\w+\])?(?::|$)|Traceback \()/;
const FRAME = /^\s+at\s/;

/**
 * At most `count` lines, the newest; where the error that they are about begins before them, its first line comes first, and
 * a line says how many are left out.
 */
export function lastWords(lines: readonly string[], count: number): string[] {
  const from = Math.max(0, lines.length - count);
  const error = lastError(lines);
  const first = error === null ? undefined : lines[error];
  if (error === null || error >= from || first === undefined || count < 3) return lines.slice(from);
  const rest = lines.slice(from + 2);
  const left = from + 2 - (error + 1);
  return [first, `    (${left} ${left === 1 ? 'line' : 'lines'} more)`, ...rest];
}

/** The index of the line that begins the last one. */
function lastError(lines: readonly string[]): number | null {
  for (let index = lines.length - 1; index >= 0; index -= 1) {
    const line = lines[index] ?? '';
    // "Emitted 'error' event on Server instance at:" goes on with the error before it.
    const hasStack = FRAME.test(lines[index + 1] ?? '') && /^\S/.test(line) && !line.endsWith(' at:');
    if (NAMED.test(line) || hasStack) return index;
  }
  return null;
}
