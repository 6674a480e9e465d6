// Whether a process that says it is an orphan is one. Anybody of the app's user can say so of any pid, and what is taken
// for a worker gets signals from this process, which may be root. (cluster process)

import { MAX_WORKERS } from '../core/spec.ts';
import type { Generation } from '../core/status.ts';
import { identify, type ProcessIdentity } from '../platform/process-identity.ts';
import { leadsSessionOf, startedWith } from '../platform/worker-facts.ts';
import { AGENT_ENV, type AgentMessage } from '../protocol/agent-link.ts';

export type Hello = AgentMessage & { type: 'hello' };

/** Generations that a lost record may be behind: more than a thousand deploys a day for two years. */
const LEEWAY = 1_000_000;

/**
 * The identity of the worker that says hello; null: the kernel does not bear out what it says. `uid`: the user who may
 * connect where it said so. Nobody can be made a target of our signals whom that user could not signal as well.
 */
export function proveWorker(hello: Hello, uid: number, lastGeneration: Generation): ProcessIdentity | null {
  const { pid, slot, generation } = hello;
  if (slot >= MAX_WORKERS || generation < 1 || generation > lastGeneration + LEEWAY) return null;
  const before = identify(pid);
  if (before === null || !leadsSessionOf(pid, uid) || !wasStartedAs(hello)) return null;
  // The same process all along: its pid was not given to another meanwhile.
  return identify(pid)?.startTime === before.startTime ? before : null;
}

/** A cluster process gives each of its Node workers this variable, which the agent takes away before the app runs. */
function wasStartedAs({ pid, app, slot, generation }: Hello): boolean {
  const text = startedWith(pid, AGENT_ENV);
  if (text === 'unseen') return true;
  const boot = text === null ? null : parse(text);
  return boot?.app === app && boot.slot === slot && boot.generation === generation;
}

function parse(text: string): { app?: unknown; slot?: unknown; generation?: unknown } | null {
  try {
    const boot: unknown = JSON.parse(text);
    return typeof boot === 'object' ? boot : null;
  } catch {
    return null;
  }
}
