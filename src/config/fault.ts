// A problem before it is located: each stage reports by key path, and the loader finds line and column. (config loader)

import type { ConfigProblem } from '../core/problem.ts';
import type { KeyPath } from './key-path.ts';

export interface Fault {
  readonly path: KeyPath;
  readonly message: string;
  readonly hint: string | null;
  /** What to point at: the key itself (it should not be there) or its value. */
  readonly at: 'key' | 'value';
  /** Where it is when not in the config file. */
  readonly place: Pick<ConfigProblem, 'file' | 'line' | 'column'> | null;
}

export type FaultOptions = Partial<Pick<Fault, 'hint' | 'at' | 'place'>>;
export type Report = (path: KeyPath, message: string, options?: FaultOptions) => void;

export function makeFault(path: KeyPath, message: string, options: FaultOptions = {}): Fault {
  return { path, message, hint: options.hint ?? null, at: options.at ?? 'value', place: options.place ?? null };
}

/** A list of faults, and the function that adds to it. */
export function collectFaults(): { readonly faults: readonly Fault[]; readonly report: Report } {
  const faults: Fault[] = [];
  return { faults, report: (path, message, options) => void faults.push(makeFault(path, message, options)) };
}
