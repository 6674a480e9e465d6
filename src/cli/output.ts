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
      return stream.columns ?? 80;
    },
    get rows() {
      return stream.rows ?? 24;
    },
    style: wantsColor({ allowed: color, env, isTTY }) ? colorStyle : plainStyle,
  };
}
