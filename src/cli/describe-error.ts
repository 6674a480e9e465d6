// CLI, pure: an error as people read it.

import { relative } from 'node:path';
import type { ErrorBody } from '../core/errors.ts';
import { type ConfigProblem, formatProblem } from '../core/problem.ts';
import type { Style } from './style.ts';

/** Ends with a line feed. The problems of a config are shown with paths relative to `cwd`. */
export function describeError(error: ErrorBody, cwd: string, style: Style): string {
  const problems = describeProblems(error.problems ?? [], cwd);
  const hint = error.hint === null ? '' : `${style('cyan', 'hint:')} ${error.hint}\n`;
  return `${problems}${style('red', 'error:')} ${error.message}\n${hint}`;
}

/** One `file:line:column: path: message` for each, with its hint below. */
export function describeProblems(problems: readonly ConfigProblem[], cwd: string): string {
  return problems.map((problem) => `${formatProblem(problem, displayPath(problem.file, cwd))}\n`).join('');
}

/** Relative where that is shorter and below the folder, so that terminals and editors can open it. */
export function displayPath(file: string, cwd: string): string {
  const path = relative(cwd, file);
  return path === '' || path.startsWith('..') ? file : path;
}
