// A fault of the config file, located; the loader reports all of them at once.

export interface ConfigProblem {
  /** Absolute path of the file that is wrong (the config, an env file, a secret file). */
  readonly file: string;
  /** 1-based; null where the file has no text positions (a JS config). */
  readonly line: number | null;
  readonly column: number | null;
  /** As a user would write it: `apps.web.restart.maxDelay`, `apps.web.listen[0]`; '' for the whole file. */
  readonly path: string;
  readonly message: string;
  /** What to do about it. */
  readonly hint: string | null;
}

/** `file:line:column: path: message` with the hint on a line of its own. */
export function formatProblem(problem: ConfigProblem, displayFile = problem.file): string {
  const place = problem.line === null ? displayFile : `${displayFile}:${problem.line}:${problem.column ?? 1}`;
  const path = problem.path === '' ? '' : `${problem.path}: `;
  const hint = problem.hint === null ? '' : `\n  hint: ${problem.hint}`;
  return `${place}: ${path}${problem.message}${hint}`;
}
