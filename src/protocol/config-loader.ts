// What the config loader child prints: one JSON document on file descriptor 3, then it exits with 0 (the config's own
// output goes to stderr). The parent kills it at its deadline.

import type { ErrorBody } from '../core/errors.ts';
import type { EcosystemSpec } from '../core/spec.ts';

/** argv[2] of the loader, JSON. */
export interface LoadRequest {
  /** Where the search starts. */
  readonly from: string;
  /** `--config` or EVENKEEL_CONFIG. */
  readonly file: string | null;
  readonly profile: string | null;
  /** Where `file` is gone: the config that is in its folder now. Absent: no other will do. */
  readonly orBeside?: boolean;
}

export type LoadAnswer =
  | { readonly ok: true; readonly ecosystem: EcosystemSpec }
  /** NO_CONFIG, or CONFIG_INVALID with its problems. */
  | { readonly ok: false; readonly error: ErrorBody };
