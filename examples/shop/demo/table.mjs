// The demo's summary as a table.

const HEAD = ['step', 'time', 'answered', 'failed', ''];
const RIGHT = new Set([1, 2, 3]);

/** Rows of { step, seconds, answered, failed, remark }. */
export function formatTable(rows) {
  const cells = [HEAD, ...rows.map(toCells)];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column], column))
      .join('   ')
      .trimEnd(),
  );
  const rule = '─'.repeat(Math.max(...lines.map((line) => line.length)));
  return [lines[0], rule, ...lines.slice(1, -1), rule, lines.at(-1)].join('\n');
}

export function formatSeconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function toCells({ step, milliseconds, answered, failed, remark }) {
  return [step, formatSeconds(milliseconds), answered.toLocaleString('en'), failed.toLocaleString('en'), remark];
}

function pad(cell, width, column) {
  return RIGHT.has(column) ? cell.padStart(width) : cell.padEnd(width);
}
