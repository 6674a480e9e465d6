// CLI: evenkeel init

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configIn } from '../../client/find-config.ts';
import { findManager, requireManager } from '../../client/find-manager.ts';
import { EvenkeelError, EXIT, toErrorBody } from '../../core/errors.ts';
import { errorCode } from '../../platform/system-error.ts';
import { folderOfScripts } from '../../protocol/script-starts.ts';
import { defineCommand, type Outcome } from '../command.ts';
import type { Context } from '../context.ts';
import { displayPath } from '../describe-error.ts';
import { flag } from '../options.ts';
import { viewPlan } from '../plan-view.ts';
import { starterConfig } from '../starter-config.ts';

const FILE = 'evenkeel.config.yaml';
const USUAL_SCRIPTS = ['server.js', 'server.mjs', 'index.js', 'index.mjs', 'app.js', 'dist/server.js', 'dist/index.js'];

export const command = defineCommand({
  arguments: [],
  options: {
    fromRunning: flag('--from-running', 'describe what runs here, started without a config'),
    showEnv: flag('--show-env', 'with --from-running: write every value of env too; they may be secret'),
  },
  details: [
    `Writes ${FILE} into this folder, with an app for the server.js, index.js or "main"`,
    'of package.json that is found here. Overwrites nothing.',
    '',
    'With --from-running it has the apps of `evenkeel start SCRIPT`, as they run now. Of their',
    'environment, variables that were named (--env) are written; the others are inherited from',
    'the shell that starts the manager, unless --show-env writes them all.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel init', does: `write ${FILE}` },
    { line: 'evenkeel init && evenkeel start', does: 'and start what it describes' },
    { line: 'evenkeel init --from-running', does: 'write a config for scripts that run' },
  ],
  run: async (context, _args, { fromRunning, showEnv }) => {
    if (fromRunning) return describe(context, showEnv);
    if (showEnv) throw new EvenkeelError('BAD_USAGE', "option '--show-env' is only for --from-running");
    const { cwd } = context;
    const existing = configIn(cwd);
    if (existing !== null && folderOfScripts(existing) !== null && (await findManager(context)) !== null) {
      throw new EvenkeelError('BAD_USAGE', 'apps run here that were started without a config', {
        hint: '`evenkeel init --from-running` writes one that describes them; `evenkeel stop` stops them.',
      });
    }
    const script = findScript(cwd);
    const file = write(cwd, starterConfig(script), 0o666);
    const next = script === null ? 'Describe an app in it, then: evenkeel start' : 'Next: evenkeel start';
    const text = `${FILE} written${script === null ? '' : ` for ${script}`}. ${next}\n`;
    return { kind: 'result', exit: EXIT.done, document: { file, script, apps: script === null ? [] : ['web'] }, text };
  },
});

async function describe(context: Context, showEnv: boolean): Promise<Outcome> {
  const { describeRunning } = await import('../describe-running.ts');
  const { runningConfig } = await import('../running-config.ts');
  const client = await requireManager(context);
  const { folder, apps, stopped } = await describeRunning(client, showEnv);
  const names = apps.map((app) => app.spec.name);
  const file = write(folder, runningConfig(folder, apps), showEnv ? 0o600 : 0o666);
  const [first] = stopped;
  const text = [
    `${displayPath(file, context.cwd)} written for ${names.join(', ')}.`,
    ...(first === undefined ? [] : [`Left out, for it does not run: ${stopped.join(', ')}.`]),
    ...(showEnv ? ['It holds every value of env: look through them before you commit it.'] : []),
    'What `evenkeel reload` would change with it:',
    viewPlan(await client.plan(), context.out.style),
  ].join('\n');
  return { kind: 'result', exit: EXIT.done, document: { file, script: null, apps: names }, text };
}

function write(folder: string, text: string, mode: number): string {
  const existing = configIn(folder);
  if (existing !== null && folderOfScripts(existing) === null) throw exists(existing);
  const file = join(folder, FILE);
  try {
    writeFileSync(file, text, { flag: 'wx', mode });
    return file;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw exists(file);
    throw new EvenkeelError('SYSTEM_ERROR', `cannot write ${file}: ${errorCode(error)}`, {
      hint: toErrorBody(error).hint,
      cause: error,
    });
  }
}

function exists(file: string): EvenkeelError {
  return new EvenkeelError('BAD_USAGE', `${file} is there already, and is not overwritten`, {
    hint: '`evenkeel check` validates it.',
  });
}

function findScript(cwd: string): string | null {
  const main = mainOf(join(cwd, 'package.json'));
  const candidates = main === null ? USUAL_SCRIPTS : [main, ...USUAL_SCRIPTS];
  return candidates.find((script) => existsSync(join(cwd, script))) ?? null;
}

function mainOf(file: string): string | null {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof content !== 'object' || content === null || !('main' in content)) return null;
    return typeof content.main === 'string' ? content.main : null;
  } catch {
    return null;
  }
}
