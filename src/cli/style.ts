// CLI: colours and weights of text, or none at all where the reader is not a terminal or does not want them.

import { styleText } from 'node:util';

const NAMES = ['bold', 'dim', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan'] as const;

export type StyleName = (typeof NAMES)[number];
export type Style = (name: StyleName, text: string) => string;

export const plainStyle: Style = (_name, text) => text;

/** Whether it is worn is decided once, in `wantsColor`, and not by the stream that Node would look at. */
export const colorStyle: Style = (name, text) => (text === '' ? '' : styleText(name, text, { validateStream: false }));

export interface ColorWish {
  /** False: --no-color. */
  readonly allowed: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTTY: boolean;
}

/** https://no-color.org: any value of NO_COLOR that is not empty. */
export function wantsColor({ allowed, env, isTTY }: ColorWish): boolean {
  return allowed && isTTY && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}
