// One worker's process, whatever program it runs: how it is started, signalled and killed, and how its end is told.
// (cluster process)

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { identify, killIdentity, type ProcessIdentity } from '../platform/process-identity.ts';
import { forkWorker } from './fork.ts';
import { AGENT_LINK_FD, type WorkerLaunch } from './worker-launch.ts';

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Why there never was a process: the program does not exist, or may not be run. */
  readonly error: string | null;
}

export interface WorkerProcess {
  /** null where it could not be started. */
  readonly identity: ProcessIdentity | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** The agent's end of the link; null for programs other than Node. */
  readonly link: Socket | null;
  readonly ended: Promise<ProcessEnd>;
  /** What the app says with process.send. */
  onMessage(listener: (message: unknown) => void): void;
  /** False: the worker has no channel, or has closed it. */
  send(message: unknown): boolean;
  /** To the worker alone. */
  signal(signal: string): boolean;
  /** To the worker and what it started, also after its own end. */
  signalGroup(signal: NodeJS.Signals): boolean;
}

export function startWorkerProcess(launch: WorkerLaunch): WorkerProcess {
  return launch.kind === 'node' ? startNode(launch) : startCommand(launch);
}

function startNode(launch: WorkerLaunch & { kind: 'node' }): WorkerProcess {
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', 'ipc', 'pipe', ...launch.socketFds];
  const worker = forkWorker({ ...launch, stdio });
  // Node forwards the child's errors to the cluster worker, and an 'error' without a listener would end this process.
  worker.on('error', () => {});
  const child = worker.process;
  const send = (message: unknown): boolean => {
    if (!child.connected) return false;
    // Without a callback a channel that closes meanwhile would be an 'error' event.
    child.send(message as never, () => {});
    return true;
  };
  const onMessage = (listener: (message: unknown) => void): void => {
    child.on('message', listener);
  };
  return { ...describe(child), link: child.stdio[AGENT_LINK_FD] as Socket, send, onMessage };
}

function startCommand(launch: WorkerLaunch & { kind: 'command' }): WorkerProcess {
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', ...launch.socketFds];
  const [file, ...args] = launch.argv;
  const child = spawn(file, args, { cwd: launch.cwd, env: launch.env, stdio, detached: true, ...launch.user });
  return { ...describe(child), link: null, send: () => false, onMessage: () => {} };
}

function describe(child: ChildProcess): Omit<WorkerProcess, 'link' | 'send' | 'onMessage'> {
  const identity = child.pid === undefined ? null : identify(child.pid);
  return {
    identity,
    stdout: child.stdout,
    stderr: child.stderr,
    ended: whenEnded(child),
    signal: (signal) => identity !== null && killIdentity(identity, signal),
    signalGroup: (signal) => identity !== null && killIdentity(identity, signal, { group: true }),
  };
}

function whenEnded(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal, error: null }));
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, error: error.message });
    });
  });
}
