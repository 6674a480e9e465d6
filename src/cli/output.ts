// CLI: stdout and stderr as a command sees them.

import type { RawOutput, TextOutput } from './context.ts';
import { colorStyle, plainStyle, wantsColor } from './style.ts';

export interface OutputRules {
  /** False: --no-color. */
  readonly color: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function createOutput(stream: RawOutput, { color, env }: OutputRules): TextOutput {
  const isTTY = stream.isTTY === true;
  return {
    write: (text) => {
      stream.write(text);
    },
    isTTY,
    get columns() {
      return sizeOr(stream.columns, 80);
    },
    get rows() {
      return sizeOr(stream.rows, 24);
    },
    style: wantsColor({ allowed: color, env, isTTY }) ? colorStyle : plainStyle,
  };
}

/** Some pseudo-terminals say that they have no size at all. */
function sizeOr(size: number | undefined, otherwise: number): number {
  return size === undefined || size <= 0 ? otherwise : size;
}
