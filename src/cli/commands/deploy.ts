// CLI: evenkeel deploy

import { resolve } from 'node:path';
import { EvenkeelError } from '../../core/errors.ts';
import type { DeployOptions } from '../../protocol/control-api.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { operate } from '../operate.ts';
import { assignments, duration, flag, type OptionValues, text, wholeNumber } from '../options.ts';
import { useManager } from '../use-manager.ts';

const options = {
  all: flag('--all', 'every app that runs'),
  env: assignments('--env <name=value>', 'set a variable; may be given more than once'),
  shellEnv: flag('--shell-env', "set all variables of this command's own environment"),
  script: text('--script <path>', 'run another script from now on'),
  cwd: text('--cwd <path>', 'run in another folder from now on'),
  workers: wholeNumber('--workers <count>', 'run another number of workers', 1),
  timeout: duration('--timeout <time>', 'give up after this long, e.g. 90s; default: deploy.timeout of the config'),
  wait: flag('--no-wait', 'return as soon as the deploy is accepted'),
};

export const command = defineCommand({
  arguments: [{ syntax: '[app...]', description: 'the apps to deploy' }],
  options,
  details: [
    'Starts the workers of a new generation, waits until they are ready and have settled, then',
    'drains the old ones. Where that fails the old generation goes on serving, and the reason',
    'and the last lines of the failing worker are shown. What the options set stays until the',
    'next reload. Ctrl-C aborts the deploy and waits until that is done; a second one leaves.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel deploy web', does: 'replace the code of one app' },
    { line: 'evenkeel deploy --all --timeout 2m', does: 'replace all, giving up after 2 minutes' },
    { line: 'evenkeel deploy web --env FEATURE=on', does: 'with a variable set' },
    { line: 'evenkeel deploy web --script releases/42/server.js', does: 'switch to another release' },
  ],
  run: async (context, apps, values) => {
    if (values.all === apps.length > 0) throw wrongChoice(values.all);
    const body = { ...(values.all ? { all: true } : { apps }), options: deployOptions(context, values) };
    const client = await useManager(context);
    return operate(context, client, { steps: [{ path: '/v1/deploy', body }], aborts: values.all ? 'begun' : apps });
  },
});

function wrongChoice(all: boolean): EvenkeelError {
  const fault = all ? 'name apps or say --all, not both' : 'which app? Name one or more, or say --all';
  return new EvenkeelError('BAD_USAGE', fault, { hint: '`evenkeel status` lists the apps.' });
}

/** Paths are meant as seen from where the command is given. */
function deployOptions({ cwd, env }: Context, values: OptionValues<typeof options>): DeployOptions {
  const variables = { ...(values.shellEnv ? definedOf(env) : {}), ...values.env };
  return {
    ...(Object.keys(variables).length === 0 ? {} : { env: variables }),
    ...(values.script === null ? {} : { script: resolve(cwd, values.script) }),
    ...(values.cwd === null ? {} : { cwd: resolve(cwd, values.cwd) }),
    ...(values.workers === null ? {} : { workers: values.workers }),
    ...(values.timeout === null ? {} : { timeout: values.timeout }),
    ...(values.wait ? {} : { wait: false }),
  };
}

function definedOf(env: Context['env']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
