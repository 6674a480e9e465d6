// Pure: texts of the app's, made short enough for one line of an event. (worker)

import { inspect } from 'node:util';

const MAX_LENGTH = 200;

/** The first line, cut where it is very long. */
export function shorten(text: string): string {
  const [line = ''] = text.trim().split('\n', 1);
  return line.length <= MAX_LENGTH ? line : `${line.slice(0, MAX_LENGTH - 1)}…`;
}

/** "TypeError: x is not a function, at handler (/srv/shop/server.js:12:9)"; whatever was thrown. */
export function describeThrown(thrown: unknown): string {
  if (!(thrown instanceof Error)) return shorten(inspect(thrown));
  const what = shorten(`${thrown.name}: ${thrown.message}`);
  const frames = String(thrown.stack ?? '').split('\n');
  // Where it came from in the app, not in Node.
  const frame = frames.find((line) => /^\s+at .*:\d+\)?$/.test(line) && !/\(?node:/.test(line));
  return frame === undefined ? what : `${what}, ${shorten(frame)}`;
}
