// CLI: asks a manager what it runs without a config, and describes that as a config would.

import { EvenkeelError } from '../core/errors.ts';
import type { ControlClient } from '../platform/control-client.ts';
import type { SpecAnswer } from '../protocol/control-api.ts';
import { folderOfScripts, type ScriptStart, scriptsFileOf } from '../protocol/script-starts.ts';
import type { RunningApp } from './running-config.ts';
import { readStarts } from './scripts-file.ts';

export interface Described {
  /** Where the scripts were started, absolute. */
  readonly folder: string;
  readonly apps: readonly RunningApp[];
  /** Names of apps that do not run: they are left out. */
  readonly stopped: readonly string[];
}

/** `showEnv`: with every value of env. Throws BAD_USAGE where what runs has a config, or nothing runs. */
export async function describeRunning(client: ControlClient, showEnv: boolean): Promise<Described> {
  const { manager, apps } = await client.status();
  const folder = folderOfScripts(manager.config);
  if (folder === null) {
    throw new EvenkeelError('BAD_USAGE', `what runs here is described by ${manager.config}`, {
      hint: '`evenkeel plan` shows how they differ.',
    });
  }
  const answers = await Promise.all(apps.map(({ name }) => client.spec(name, { showEnv: true })));
  const running = answers.filter((answer) => answer.running);
  if (running.length === 0) throw new EvenkeelError('BAD_USAGE', 'no app runs that could be described');
  const { apps: starts } = readStarts(scriptsFileOf(folder));
  return {
    folder,
    apps: running.map((answer) => describeApp(answer, starts[answer.app], showEnv)),
    stopped: answers.flatMap((answer) => (answer.running ? [] : [answer.app])),
  };
}

/** What the shell of the start had is not written down, unless that is asked for: who knows what was in it. */
function describeApp({ spec, changed }: SpecAnswer, start: ScriptStart | undefined, showEnv: boolean): RunningApp {
  const base = {
    spec,
    workers: changed.workers || changed.rollback !== null ? spec.workers : (start?.workers ?? spec.workers),
    maxLogSize: start?.maxLogSize ?? null,
  };
  if (showEnv) return { ...base, env: spec.env, inherits: false };
  const named = [...Object.keys(start?.env ?? {}), ...changed.set].filter((name) => !changed.unset.includes(name));
  const set = named.flatMap((name) => (spec.env[name] === undefined ? [] : [[name, spec.env[name]] as const]));
  const unset = changed.unset.map((name) => [name, null] as const);
  return { ...base, env: Object.fromEntries([...set, ...unset]), inherits: true };
}
