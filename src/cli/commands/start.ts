// CLI: evenkeel start

import { untilAnswered } from '../../client/await-manager.ts';
import { findManager, managerIn } from '../../client/find-manager.ts';
import { loadEcosystem } from '../../client/load-ecosystem.ts';
import { requireApps } from '../../client/require-apps.ts';
import { startManager } from '../../client/start-manager.ts';
import { EvenkeelError, EXIT } from '../../core/errors.ts';
import type { EcosystemSpec } from '../../core/spec.ts';
import { ControlClient } from '../../platform/control-client.ts';
import { stateLayout } from '../../platform/paths.ts';
import { defineCommand, type Outcome } from '../command.ts';
import type { Context } from '../context.ts';
import { describeError } from '../describe-error.ts';
import { operate } from '../operate.ts';
import { flag } from '../options.ts';

export const command = defineCommand({
  arguments: [{ syntax: '[app...]', description: 'all apps of the config where none is named' }],
  options: {
    foreground: flag('--foreground', 'stay, and stop everything when told to end (SIGINT, SIGTERM)'),
  },
  details: [
    'Returns when the apps are ready. What runs already is left as it is: `evenkeel reload`',
    'applies changes of the config. Where no manager runs, the config is validated first; a',
    'manager adopts what an earlier one has left running, also where the config has errors.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel start', does: 'start everything' },
    { line: 'evenkeel start web api', does: 'start two apps, and those they depend on' },
    { line: 'evenkeel start --profile production', does: 'start with a profile of the config' },
    { line: 'exec evenkeel start --foreground', does: 'in a container or a systemd unit' },
  ],
  run: (context, apps, { foreground }) => start(context, apps, foreground),
});

async function start(context: Context, apps: readonly string[], foreground: boolean): Promise<Outcome> {
  refuseScripts(apps);
  const running = await findManager(context);
  if (running !== null) return bringUp(context, running, apps, foreground);
  let spec: EcosystemSpec;
  try {
    spec = await loadEcosystem(context, true);
  } catch (error) {
    if (!(error instanceof EvenkeelError) || error.code !== 'CONFIG_INVALID') throw error;
    const { adoptAlone } = await import('../adopt-alone.ts');
    return await adoptAlone(context, error, foreground);
  }
  requireApps(
    apps,
    spec.apps.map((app) => app.name),
  );
  // Found only now that the config was read: one that says nothing of itself anywhere else.
  const hidden = await managerIn(spec.stateDir);
  if (hidden !== null) return bringUp(context, hidden, apps, foreground);
  if (foreground) {
    const { runInForeground } = await import('../run-in-foreground.ts');
    return runInForeground(context, spec, apps);
  }
  return startDetached(context, spec, apps);
}

async function startDetached(context: Context, spec: EcosystemSpec, apps: readonly string[]): Promise<Outcome> {
  const client = new ControlClient(stateLayout(spec.stateDir).managerSocket);
  try {
    const started = await startManager(context, spec, { foreground: false });
    if (started === null) return { kind: 'streamed', exit: EXIT.interrupted };
    const { report, interrupted } = started;
    say(context, `manager started (pid ${report.pid})`);
    if (report.config !== null) context.err.write(describeError(report.config, context.cwd, context.err.style));
    if (interrupted) {
      say(context, 'interrupted: no app was brought up; `evenkeel stop` stops the manager');
      return { kind: 'streamed', exit: EXIT.interrupted };
    }
  } catch (error) {
    // Another `evenkeel start` was quicker.
    if (!(error instanceof EvenkeelError) || error.code !== 'MANAGER_RUNS') throw error;
    await untilAnswered(client);
  }
  return operate(context, client, startOperation(apps));
}

async function bringUp(
  context: Context,
  client: ControlClient,
  apps: readonly string[],
  foreground: boolean,
): Promise<Outcome> {
  const { pid } = await client.version();
  if (foreground) {
    throw new EvenkeelError('MANAGER_RUNS', `a manager runs already (pid ${pid})`, {
      hint: '`evenkeel stop` stops it and its apps; then it can be started in the foreground.',
    });
  }
  say(context, `the manager runs already (pid ${pid})`);
  if (context.globals.profile !== null)
    say(context, '--profile has no effect: the manager keeps the one it was started with');
  return operate(context, client, startOperation(apps));
}

export function startOperation(apps: readonly string[]) {
  const body = apps.length === 0 ? {} : { apps };
  return { steps: [{ path: '/v1/start', body }], aborts: 'begun' } as const;
}

function say({ globals, err }: Context, line: string): void {
  if (!globals.json) err.write(`${line}\n`);
}

function refuseScripts(apps: readonly string[]): void {
  const script = apps.find((app) => /[./]/.test(app));
  if (script === undefined) return;
  throw new EvenkeelError(
    'BAD_USAGE',
    `"${script}" looks like a script, and scripts cannot be started without a config yet`,
    {
      hint: '`evenkeel init` writes a config; set `script` there, then `evenkeel start`.',
    },
  );
}
