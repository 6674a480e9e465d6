// How the CLI starts the manager: a ManagerBoot as JSON on its stdin, for a command line would show the config's secrets.
// The manager says once whether it runs: one line of JSON (ManagerReport) on file descriptor 3, if it was given one, which
// it then closes.

import type { ErrorBody } from '../core/errors.ts';
import type { LoadAnswer } from './config-loader.ts';

export interface ManagerBoot {
  /** `--config` or EVENKEEL_CONFIG; null: search. */
  readonly file: string | null;
  /** Where the search starts. */
  readonly from: string;
  readonly profile: string | null;
  /** What has just been read; or why the file cannot be used, and then what an earlier manager left is only adopted. */
  readonly config: LoadAnswer;
  /** Absolute. */
  readonly stateDir: string;
  /** Stays in the terminal: events are also written to stderr. */
  readonly foreground: boolean;
  /** Apps that are about to be started as a command says: what an earlier manager left of them is not brought back. */
  readonly anew?: readonly string[];
}

export type ManagerReport =
  /** `config`: why the file could not be used; the manager then goes by what it last read. */
  | { readonly ready: true; readonly pid: number; readonly config: ErrorBody | null }
  | { readonly ready: false; readonly error: ErrorBody };

export const REPORT_FD = 3;
