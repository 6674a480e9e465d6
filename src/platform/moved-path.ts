// Pure: where a file is when the folder that it belongs to is another one.

import { isAbsolute, join, relative } from 'node:path';

/** All absolute. What is in the folder, such as a script of a release, moves with it; anything else stays where it is. */
export function movedPath(path: string, from: string, to: string): string {
  const inside = relative(from, path);
  return inside === '' || inside.startsWith('..') || isAbsolute(inside) ? path : join(to, inside);
}
