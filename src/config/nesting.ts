// Pure: whether a text nests so deeply that a recursive parser could run out of stack. Rough, and far above any config.
// (config loader)

const MAX_DEPTH = 200;
/** `- - - - x` nests a list per dash. */
const DASHES = /(?:[-?:][ \t]+){200}/;

export function isTooDeep(text: string): boolean {
  let depth = 0;
  for (const bracket of text.match(/[[\]{}]/g) ?? []) {
    depth = bracket === '[' || bracket === '{' ? depth + 1 : Math.max(depth - 1, 0);
    if (depth > MAX_DEPTH) return true;
  }
  return DASHES.test(text) || /^[ \t]{2000}/m.test(text);
}
