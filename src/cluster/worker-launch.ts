// Pure but for the look-up of a user: how a worker of a generation is to be started. (cluster process)

import { type AppSpec, formatAddress, isProbedAtGate, type ListenAddress } from '../core/spec.ts';
import type { Slot } from '../core/status.ts';
import { agentsSocketFor } from '../platform/paths.ts';
import { type RunAs, runAs } from '../platform/run-as.ts';
import { AGENT_ENV, type AgentBoot } from '../protocol/agent-link.ts';
import type { PinnedSpec } from '../protocol/cluster-link.ts';
import { type InspectorAddress, inspectorOf } from './inspector.ts';

/** stdin, stdout, stderr, the app's IPC channel, the agent's link; then the declared sockets. */
export const AGENT_LINK_FD = 4;
export const FIRST_NODE_SOCKET_FD = 5;

interface LaunchBase {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Descriptors of this process that the worker inherits, in order. */
  readonly socketFds: readonly number[];
  readonly runAs: Pick<RunAs, 'ids' | 'through'>;
}

export type WorkerLaunch = LaunchBase &
  (
    | {
        readonly kind: 'node';
        readonly script: string;
        readonly args: readonly string[];
        readonly execPath: string;
        readonly execArgv: readonly string[];
        /** null: Node's options ask for none. */
        readonly inspector: InspectorAddress | null;
      }
    /** `file`: the program, where `argv` begins with a launcher. */
    | { readonly kind: 'command'; readonly argv: readonly [string, ...string[]]; readonly file: string }
  );

export interface LaunchContext {
  readonly slot: Slot;
  /** `shut`: it may not listen before it is told so. */
  readonly gate: 'open' | 'shut';
  /** Path of the agent to preload. */
  readonly agent: string;
  /** Where a successor of this process finds its orphans. */
  readonly agentsSocket: string;
  /** The inherited descriptor of a declared address; throws where there is none. */
  readonly socketFd: (address: string) => number;
}

export function planLaunch(pinned: PinnedSpec, context: LaunchContext): WorkerLaunch {
  const { spec } = pinned;
  const { env, uid, ...identity } = runAs(spec.user, { ...spec.env, ...workerVariables(pinned, context.slot) });
  const base: LaunchBase = {
    ...{ cwd: pinned.realCwd, env, runAs: identity },
    socketFds: spec.listen.map((address) => context.socketFd(formatAddress(address))),
  };
  const agentsSocket = uid === null ? context.agentsSocket : agentsSocketFor(context.agentsSocket, uid);
  return spec.command === null
    ? nodeLaunch(base, pinned, { ...context, agentsSocket })
    : commandLaunch(base, spec.command, spec);
}

function nodeLaunch(base: LaunchBase, pinned: PinnedSpec, context: LaunchContext): WorkerLaunch {
  const { spec, realCwd, realScript, generation } = pinned;
  if (realScript === null) throw new Error(`Internal error: ${spec.name} has neither script nor command`);
  const boot: AgentBoot = {
    ...{ app: spec.name, slot: context.slot, generation, linkFd: AGENT_LINK_FD, reconnectPath: context.agentsSocket },
    folder: { declared: spec.cwd, real: realCwd },
    listen: spec.listen.map((address, index) => ({ address, fd: FIRST_NODE_SOCKET_FD + index })),
    gate: context.gate === 'shut' || isProbedAtGate(spec.ready),
    undeclared: spec.deploy.strategy === 'handover' ? 'refused' : 'shared',
    ...{ onUncaught: spec.restart.onUncaught, stopSignal: spec.stop.signal, stopTimeout: spec.stop.timeout },
  };
  return {
    ...{ ...base, kind: 'node', script: realScript, args: spec.args, execPath: spec.node.bin },
    execArgv: [...spec.node.args, '--require', context.agent],
    inspector: inspectorOf(spec.node.args, context.slot),
    env: { ...base.env, [AGENT_ENV]: JSON.stringify(boot) },
  };
}

/** What a shell puts into the environment by itself. */
const OF_THE_SHELL = ['PWD', 'OLDPWD', 'SHLVL'];

/**
 * The systemd convention: sockets from descriptor 3 on, counted in LISTEN_FDS and named in LISTEN_FDNAMES, for the process
 * LISTEN_PID alone.
 */
function commandLaunch(
  base: LaunchBase,
  command: readonly string[],
  { args, listen }: Pick<AppSpec, 'args' | 'listen'>,
): WorkerLaunch {
  const [file, ...rest] = [...command, ...args];
  if (file === undefined) throw new Error('Internal error: an empty command');
  const program: readonly [string, ...string[]] = [file, ...rest];
  if (listen.length === 0) return { ...base, kind: 'command', argv: program, file };
  const added = OF_THE_SHELL.filter((name) => base.env[name] === undefined);
  // Only the process that execs the program knows the pid it will have.
  const script = `unset ${added.join(' ')}; export LISTEN_PID=$$; exec "$@"`;
  const env = { ...base.env, LISTEN_FDS: `${listen.length}`, LISTEN_FDNAMES: listen.map(socketName).join(':') };
  return { ...base, kind: 'command', argv: ['/bin/sh', '-c', script, 'sh', ...program], file, env };
}

/** Names are separated by colons. */
function socketName(address: ListenAddress): string {
  return formatAddress(address).replaceAll(':', '_');
}

function workerVariables(pinned: PinnedSpec, slot: Slot): Record<string, string> {
  return {
    EVENKEEL_APP: pinned.spec.name,
    EVENKEEL_WORKER: `${slot}`,
    EVENKEEL_GENERATION: `${pinned.generation}`,
    NODE_APP_INSTANCE: `${slot}`,
    NAUGHT_WORKER: `${slot}`,
  };
}
