// Rule: a log file is a file, and belongs to one app and to nothing else. (config loader)

import { join, resolve } from 'node:path';
import type { AppSpec } from '../../core/spec.ts';
import { isGiven, type RuleContext } from './draft.ts';

export function checkLogs(context: RuleContext): void {
  const { apps, files, report } = context;
  const owners = new Map<string, string>();
  for (const draft of apps) {
    const { spec } = draft;
    for (const stream of ['stdout', 'stderr'] as const) {
      const target = spec.logs[stream];
      if (target.kind !== 'file') continue;
      const key = ['apps', spec.name, 'logs', stream];
      if (files.kindOf(target.path) === 'directory') {
        report(key, `the log file ${target.path} is a directory`, {
          hint: `name a file in it, such as ${target.path}/${spec.name}.log`,
        });
      }
      const other = findOther(target.path, isGiven(draft, `logs.${stream}`), context);
      if (other !== null) {
        report(key, `the log file ${target.path} ${other}`, {
          hint: 'give it a file of its own, such as logs/web.out.log',
        });
      }
      const owner = owners.get(target.path) ?? spec.name;
      owners.set(target.path, owner);
      if (owner === spec.name) continue;
      report(key, `${owner} writes to ${target.path} already`, {
        hint: 'give each app a log file of its own',
      });
    }
  }
}

/** What is there that is no log; null: nothing that the config knows of. `given`: where it goes by default nobody chose. */
function findOther(path: string, given: boolean, { apps, file, folder, stateDir }: RuleContext): string | null {
  if (path === file) return 'is the config itself';
  const app = apps.find(({ spec }) => programOf(spec) === path);
  if (app !== undefined) return `is the program of ${app.spec.name}`;
  // Where that is the folder of the config too, everything is in it.
  const isOurs = given && isIn(path, stateDir) && !isIn(folder, stateDir) && !isIn(path, join(stateDir, 'logs'));
  return isOurs ? 'is in the state directory, which has files of evenkeel alone' : null;
}

function programOf({ script, command, cwd }: AppSpec): string | null {
  const program = command?.[0] ?? '';
  return script ?? (program.includes('/') ? resolve(cwd, program) : null);
}

function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
