// Pure: turns faults into problems with line and column, each once, in the order of the file. (config loader)

import type { ConfigProblem } from '../core/problem.ts';
import type { ConfigSource } from './config-source.ts';
import type { Fault } from './fault.ts';
import { formatKeyPath } from './key-path.ts';
import { KEYS_HERE } from './schema-fault.ts';

/** What is wrong in `defaults` is wrong for every app, and yet one problem. */
export function locateFaults(source: ConfigSource, faults: readonly Fault[]): readonly ConfigProblem[] {
  const problems = new Map<string, ConfigProblem>();
  for (const fault of faults) {
    const place = fault.place ?? { file: source.file, ...source.locate(fault.path, fault.at) };
    const path = formatKeyPath(fault.path);
    const key = JSON.stringify([place, fault.place === null ? path : '', fault.message]);
    if (!problems.has(key)) problems.set(key, { ...place, path, message: fault.message, hint: fault.hint });
  }
  return listedOnce([...problems.values()].sort((a, b) => byPlace(source.file, a, b)));
}

/** The same long list of keys would hide the problems. */
function listedOnce(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const isList = (hint: string | null): boolean => hint?.startsWith(KEYS_HERE) === true;
  return problems.map((problem, index) => {
    const first = problems.findIndex(({ hint }) => hint === problem.hint);
    return isList(problem.hint) && first < index ? { ...problem, hint: null } : problem;
  });
}

/** Problems of the config itself come first. */
function byPlace(main: string, a: ConfigProblem, b: ConfigProblem): number {
  if (a.file !== b.file) return a.file === main ? -1 : b.file === main ? 1 : a.file < b.file ? -1 : 1;
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}
