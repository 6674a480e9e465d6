// Pure: where a script is when the folder that it belongs to is another one.

import { isAbsolute, join, relative } from 'node:path';

/** All absolute. A script in the folder is a part of the release, and moves with it; any other stays where it is. */
export function movedScript(script: string, from: string, to: string): string {
  const inside = relative(from, script);
  return inside === '' || inside.startsWith('..') || isAbsolute(inside) ? script : join(to, inside);
}
