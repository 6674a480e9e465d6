// CLI: evenkeel deploy

import { parseWorkers } from '../../config/parse-workers.ts';
import { EvenkeelError } from '../../core/errors.ts';
import { availableCpus } from '../../platform/cpus.ts';
import { shellEnvOf } from '../../platform/defined-env.ts';
import type { DeployOptions } from '../../protocol/control-api.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { givenFolder, givenScript } from '../given-path.ts';
import { operate } from '../operate.ts';
import { assignments, duration, flag, type OptionValues, text, texts, workerCount } from '../options.ts';
import { useManager } from '../use-manager.ts';

const options = {
  all: flag('--all', 'every app that runs'),
  env: assignments('--env <name=value>', 'set a variable (NAME= to nothing); may be given more than once'),
  unsetEnv: texts('--unset-env <name>', 'remove a variable; may be given more than once'),
  shellEnv: flag(
    '--shell-env',
    'set all variables of this shell, but for _, SHLVL, PWD and OLDPWD; --env wins over it',
  ),
  script: text('--script <path>', 'run another script from now on'),
  cwd: text('--cwd <path>', 'run in another folder from now on; a script in the old one moves along'),
  workers: workerCount('--workers <count>', 'run another number of workers: 4, max, max-1 or 50%'),
  timeout: duration('--timeout <time>', 'give up after this long, e.g. 90s; default: deploy.timeout of the config'),
  wait: flag('--no-wait', 'return as soon as the deploy is accepted'),
};

export const command = defineCommand({
  arguments: [{ syntax: '[app...]', description: 'the apps to deploy' }],
  options,
  details: [
    'Starts the workers of a new generation, waits until they are ready and have settled, then',
    'drains the old ones. Where that fails the old generation goes on serving, and the reason',
    'and the last lines of the failing worker are shown. Ctrl-C aborts the deploy and waits',
    'until that is done; a second one leaves. Where only old workers still retire it is too late:',
    'these finish by themselves. With the strategy `replace` the old generation is stopped first,',
    'and started again where the new one fails.',
    '',
    'Settings and environment are those that run, not those of the file or of this shell, but',
    'for what the options say. That stays, over restarts too, until the next reload: `plan`',
    'shows it. Paths are relative to this folder, and have to be there; symbolic links',
    '(`current`) are resolved at each deploy, and a worker that dies comes back from what its',
    'generation was deployed from.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel deploy web', does: 'replace the code of one app' },
    { line: 'evenkeel deploy --all --timeout 2m', does: 'replace all, giving up after 2 minutes' },
    { line: 'evenkeel deploy web --env FEATURE=on', does: 'with a variable set' },
    { line: 'evenkeel deploy web --unset-env FEATURE', does: 'without it' },
    { line: 'evenkeel deploy web --script releases/42/server.js', does: 'switch to another release' },
    { line: 'evenkeel deploy web --cwd releases/42', does: 'the same, for all that is in that folder' },
  ],
  run: async (context, apps, values) => {
    if (values.all === apps.length > 0) throw wrongChoice(values.all);
    const body = { ...(values.all ? { all: true } : { apps }), options: deployOptions(context, values) };
    const client = await useManager(context);
    return operate(context, client, { steps: [{ path: '/v1/deploy', body }], aborts: 'begun' });
  },
});

function wrongChoice(all: boolean): EvenkeelError {
  const fault = all ? 'name apps or say --all, not both' : 'which app? Name one or more, or say --all';
  return new EvenkeelError('BAD_USAGE', fault, { hint: '`evenkeel status` lists the apps.' });
}

/** Paths are meant as seen from where the command is given. */
function deployOptions({ cwd, env }: Context, values: OptionValues<typeof options>): DeployOptions {
  const { script, workers, timeout } = values;
  const variables = { ...values.env, ...Object.fromEntries(values.unsetEnv.map((name) => [unsetName(name), null])) };
  return {
    ...(Object.keys(variables).length === 0 ? {} : { env: variables }),
    ...(values.shellEnv ? { shellEnv: shellEnvOf(env) } : {}),
    ...(script === null ? {} : { script: givenScript(cwd, '--script', script) }),
    ...(values.cwd === null ? {} : { cwd: givenFolder(cwd, '--cwd', values.cwd) }),
    ...(workers === null ? {} : { workers: parseWorkers(workers, availableCpus()) ?? 1 }),
    ...(timeout === null ? {} : { timeout }),
    ...(values.wait ? {} : { wait: false }),
  };
}

function unsetName(name: string): string {
  if (name !== '' && !name.includes('=')) return name;
  throw new EvenkeelError('BAD_USAGE', "option '--unset-env': the name of a variable has no = and is not empty");
}
