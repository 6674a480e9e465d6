// Takes what the cluster process left for the agent out of the environment and the command line, so that nothing of it
// reaches the app or the processes that the app starts. (worker)

import { realpathSync } from 'node:fs';
import { AGENT_ENV, type AgentBoot } from '../protocol/agent-link.ts';

/** null: this process is no worker of ours. */
export function takeBoot(env: NodeJS.ProcessEnv): AgentBoot | null {
  const text = env[AGENT_ENV];
  if (text === undefined) return null;
  delete env[AGENT_ENV];
  const boot: unknown = JSON.parse(text);
  if (!isAgentBoot(boot)) throw new Error(`Internal error: ${AGENT_ENV} is not what this version of evenkeel writes`);
  return boot;
}

/** Removes `--require <agent>`, and only that, in place: child_process.fork hands these arguments on. */
export function removePreload(execArgv: string[], agent: string): void {
  const index = execArgv.findIndex(
    (argument, at) => isPreload(execArgv[at - 1]) && (argument === agent || realPath(argument) === agent),
  );
  if (index > 0) execArgv.splice(index - 1, 2);
}

function isPreload(option: string | undefined): boolean {
  return option === '--require' || option === '-r';
}

/** `__filename` is a real path, what the cluster process passed may lead over symlinks. */
function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

function isAgentBoot(value: unknown): value is AgentBoot {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'linkFd' in value &&
    typeof value.linkFd === 'number' &&
    'reconnectPath' in value &&
    typeof value.reconnectPath === 'string' &&
    'folder' in value &&
    'listen' in value &&
    Array.isArray(value.listen) &&
    'gate' in value &&
    'onUncaught' in value &&
    'stopSignal' in value &&
    typeof value.stopSignal === 'string'
  );
}
