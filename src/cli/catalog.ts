// CLI: every command, with what the overview says of it. The code of a command is loaded when it is the one to run.

import type { CommandDefinition } from './command.ts';

export interface CatalogEntry {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  load(): Promise<CommandDefinition>;
}

function entry(name: string, summary: string, load: () => Promise<{ command: CommandDefinition }>): CatalogEntry {
  return { name, aliases: [], summary, load: async () => (await load()).command };
}

export const CATALOG: readonly CatalogEntry[] = [
  entry('init', 'write a commented starter config', () => import('./commands/init.ts')),
  entry('check', 'validate the config and print every error', () => import('./commands/check.ts')),
  entry('plan', 'show what a reload would do, and why', () => import('./commands/plan.ts')),
  entry('start', 'start the manager if none runs, and bring apps up', () => import('./commands/start.ts')),
  entry('reload', 're-read the config and change what has changed', () => import('./commands/reload.ts')),
  entry('deploy', 'replace apps by new generations, losing no request', () => import('./commands/deploy.ts')),
  {
    ...entry('abort', 'abort a deploy under way', () => import('./commands/abort.ts')),
    aliases: ['deploy-abort'],
  },
  entry('rollback', "deploy an earlier generation's code and settings", () => import('./commands/rollback.ts')),
  entry('restart', 'stop apps, then start them (not zero-downtime)', () => import('./commands/restart.ts')),
  entry('scale', 'change the number of workers until the next reload', () => import('./commands/scale.ts')),
  entry('signal', 'send a signal to every worker of an app', () => import('./commands/signal.ts')),
  entry('send', 'send a message to every worker of an app', () => import('./commands/send.ts')),
  entry('stop', 'stop apps, or everything and the manager', () => import('./commands/stop.ts')),
  entry('status', 'show what runs', () => import('./commands/status.ts')),
  entry('logs', 'show what the workers wrote', () => import('./commands/logs.ts')),
  entry('events', 'show what happened', () => import('./commands/events.ts')),
  entry('history', 'show the generations of an app', () => import('./commands/history.ts')),
  entry('version', 'show the versions of evenkeel and of its manager', () => import('./commands/version.ts')),
];
