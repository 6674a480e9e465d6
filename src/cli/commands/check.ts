// CLI: evenkeel check

import { loadEcosystem } from '../../client/load-ecosystem.ts';
import { EvenkeelError, EXIT } from '../../core/errors.ts';
import type { ConfigProblem } from '../../core/problem.ts';
import type { EcosystemSpec } from '../../core/spec.ts';
import { defineCommand, type ResultOutcome } from '../command.ts';
import type { Context } from '../context.ts';
import { describeProblems, displayPath } from '../describe-error.ts';
import { tellOfUnused } from '../use-manager.ts';

/** schemas/check.schema.json */
export interface CheckDocument {
  readonly ok: boolean;
  /** The config file; null where it is not valid and the problems say where they are. */
  readonly file: string | null;
  readonly apps: readonly string[];
  readonly problems: readonly ConfigProblem[];
  /** Of a config that is valid: what may be a slip. */
  readonly notices: readonly string[];
}

export const command = defineCommand({
  arguments: [],
  options: {},
  details: [
    'Reads the config as a start or reload would: with the profile, the env files and the',
    'secret files, and as a manager that you would start: whether it could run the apps as their',
    '`user`. What only one app would fail for is a problem here too: a unix socket whose folder is',
    'missing. Prints every problem as file:line:column: key: what is wrong, with a hint.',
    'Exit code 2 where there is one. Changes and starts nothing.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel check', does: 'validate the config' },
    { line: 'evenkeel check --profile production', does: 'with a profile, before a release' },
  ],
  run: check,
});

async function check(context: Context): Promise<ResultOutcome> {
  tellOfUnused(context);
  try {
    return valid(context, await loadEcosystem(context, { forManager: true, strict: true }));
  } catch (error) {
    if (error instanceof EvenkeelError && error.code === 'CONFIG_INVALID') return invalid(context, error);
    throw error;
  }
}

function valid({ cwd, out }: Context, { file, apps, notices = [] }: EcosystemSpec): ResultOutcome {
  const names = apps.map((app) => app.name);
  const document: CheckDocument = { ok: true, file, apps: names, problems: [], notices };
  const count = names.length === 1 ? '1 app' : `${names.length} apps`;
  const text = `${displayPath(file, cwd)} is valid: ${count}${names.length === 0 ? '' : ` (${names.join(', ')})`}\n`;
  const remarks = notices.map((notice) => `${out.style('yellow', '!')} ${notice}\n`);
  return { kind: 'result', exit: EXIT.done, document, text: text + remarks.join('') };
}

function invalid({ cwd }: Context, { problems, message }: EvenkeelError): ResultOutcome {
  const document: CheckDocument = { ok: false, file: null, apps: [], problems, notices: [] };
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const text = problems.length === 0 ? `${message}\n` : `${describeProblems(problems, cwd)}${count}\n`;
  return { kind: 'result', exit: EXIT.usage, document, text };
}
