// A config as it was read: plain data, and where each part of it is. (config loader)

import type { ConfigProblem } from '../core/problem.ts';
import type { Fault } from './fault.ts';
import type { KeyPath } from './key-path.ts';

/** 1-based; null where the file has no text positions. */
export type Position = Pick<ConfigProblem, 'line' | 'column'>;

export interface ConfigSource {
  /** Absolute path. */
  readonly file: string;
  /** What JSON could say, and nothing else; where that was not so, undefined. */
  readonly value: unknown;
  /** What was not so. At the empty path: nothing of the value is of use. */
  readonly faults: readonly Fault[];
  /** The nearest place that there is, where the path itself is not in the file. */
  locate(path: KeyPath, at: 'key' | 'value'): Position;
  /** Set where the file is scripts.json: the folder in which the scripts were started. */
  readonly scriptsFolder?: string;
}

export type ReadResult =
  | { readonly ok: true; readonly source: ConfigSource }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

export const NOWHERE: Position = { line: null, column: null };

export const EMPTY_HINT = '`evenkeel init` writes a config to start from';

/** A problem of the file as a whole. */
export function unreadable(file: string, message: string, hint: string | null, position = NOWHERE): ReadResult {
  return { ok: false, problems: [{ file, ...position, path: '', message, hint }] };
}
