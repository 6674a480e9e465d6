// One worker's process, whatever program it runs: how it is started, signalled and killed, and how its end is told.
// (cluster process)

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { humanDuration } from '../core/human-duration.ts';
import { requireProgram } from '../platform/find-program.ts';
import { identifyChild, killIdentity, type ProcessIdentity, sendSignal } from '../platform/process-identity.ts';
import { forkWorker } from './fork.ts';
import { freeInspectorPort } from './inspector.ts';
import { freePathsFor } from './stale-paths.ts';
import { AGENT_LINK_FD, type WorkerLaunch } from './worker-launch.ts';

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Why there never was a process: the program does not exist, or may not be run. */
  readonly error: string | null;
}

export interface WorkerProcess {
  /** null where it could not be started; `ended` says why. */
  readonly identity: ProcessIdentity | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** The agent's end of the link; null for programs other than Node. */
  readonly link: Socket | null;
  readonly ended: Promise<ProcessEnd>;
  /** What the app says with process.send. */
  onMessage(listener: (message: unknown) => void): void;
  /** Something that was to be sent to it could not be, such as the socket of a port that it shares. */
  onFault(listener: (reason: string) => void): void;
  /** Over the channel that `process.on('message')` hears. Gives why that could not be; null: it is on its way. */
  send(message: unknown): Promise<string | null>;
  /** To the worker alone. */
  signal(signal: string): boolean;
  /** To the worker and what it started, also after its own end. */
  signalGroup(signal: string): boolean;
}

/** The manager waits for somewhat longer. */
const SEND_TIMEOUT = 3_000;

/** Throws SPAWN_FAILED where there is no such program. */
export function startWorkerProcess(launch: WorkerLaunch): WorkerProcess {
  return launch.kind === 'node' ? startNode(launch) : startCommand(launch);
}

function startNode(launch: WorkerLaunch & { kind: 'node' }): WorkerProcess {
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', 'ipc', 'pipe', ...launch.socketFds];
  const { ids, through } = launch.runAs;
  requireProgram(launch.execPath, launch.cwd, launch.env.PATH);
  const [execPath = '', ...execArgv] = [...through, launch.execPath, ...launch.execArgv];
  const inspectPort = launch.inspector === null ? undefined : freeInspectorPort(launch.inspector);
  const worker = forkWorker({ ...launch, execPath, execArgv, stdio, ids, inspectPort });
  const child = worker.process;
  // Another user could have us remove what that user may not: whoever may swap a folder for a link decides what a path means.
  if (through.length === 0 && ids.uid === undefined) freePathsFor(child);
  const faults = new Set<(reason: string) => void>();
  // Node forwards the child's errors to the cluster worker, and an 'error' without a listener would end this process.
  worker.on('error', (error: NodeJS.ErrnoException) => {
    if (child.pid === undefined || error.syscall !== 'write' || MEANINGLESS.has(error.code ?? '')) return;
    for (const listener of faults) listener(error.message);
  });
  const send = (message: unknown): Promise<string | null> => sendOver(child, message);
  const onMessage = (listener: (message: unknown) => void): void => {
    child.on('message', listener);
  };
  const onFault = (listener: (reason: string) => void): void => void faults.add(listener);
  const link = streamsOf(child)[AGENT_LINK_FD];
  return { ...describe(child), link: link instanceof Socket ? link : null, send, onMessage, onFault };
}

/** The app has closed its channel, or is about to end. */
const MEANINGLESS: ReadonlySet<string> = new Set(['EPIPE', 'ECONNRESET', 'ERR_IPC_CHANNEL_CLOSED']);

function startCommand(launch: WorkerLaunch & { kind: 'command' }): WorkerProcess {
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', ...launch.socketFds];
  const { ids, through } = launch.runAs;
  requireProgram(launch.file, launch.cwd, launch.env.PATH);
  const [file = '', ...args] = [...through, ...launch.argv];
  const child = spawn(file, args, { cwd: launch.cwd, env: launch.env, stdio, detached: true, ...ids });
  const send = async (): Promise<string> => 'only Node programs have a channel for messages';
  return { ...describe(child), link: null, send, onMessage: () => {}, onFault: () => {} };
}

function sendOver(child: ChildProcess, message: unknown): Promise<string | null> {
  if (!child.connected) return Promise.resolve('it has closed its channel');
  if (isNodesOwn(message)) return Promise.resolve('a message whose cmd begins with "NODE_" is one of Node itself');
  return new Promise((resolve) => {
    // Its event loop may stand still, and what waits for it may be all that the pipe takes.
    const timer = setTimeout(
      () => resolve(`it has not taken the message within ${humanDuration(SEND_TIMEOUT)}`),
      SEND_TIMEOUT,
    );
    child.send(message as never, (error) => {
      clearTimeout(timer);
      resolve(error === null ? null : `it could not be sent: ${error.message}`);
    });
  });
}

/** Node takes it for a word of its own, and one that it does not know may break the channel. */
function isNodesOwn(message: unknown): boolean {
  if (typeof message !== 'object' || message === null || !('cmd' in message)) return false;
  return typeof message.cmd === 'string' && message.cmd.startsWith('NODE_');
}

function describe(child: ChildProcess): Omit<WorkerProcess, 'link' | 'send' | 'onMessage' | 'onFault'> {
  const identity = identifyChild(child);
  const [, stdout, stderr] = streamsOf(child);
  return {
    identity,
    stdout: stdout instanceof Readable ? stdout : null,
    stderr: stderr instanceof Readable ? stderr : null,
    ended: whenEnded(child),
    signal: (signal) =>
      identity !== null && child.exitCode === null && child.signalCode === null && sendSignal(identity.pid, signal),
    signalGroup: (signal) => identity !== null && signalGroup(child, identity, signal),
  };
}

/** A child that has not ended is itself, without a look at what there is, for which a descriptor may be missing. */
function signalGroup(child: ChildProcess, identity: ProcessIdentity, signal: string): boolean {
  if (child.exitCode === null && child.signalCode === null) return sendSignal(-identity.pid, signal);
  try {
    return killIdentity(identity, signal, { group: true });
  } catch {
    // Whether anything is left cannot be told now.
    return true;
  }
}

/** A child that could not be started for want of descriptors has no streams at all, whatever its type says. */
function streamsOf(child: ChildProcess): readonly unknown[] {
  const streams: unknown = child.stdio;
  return Array.isArray(streams) ? streams : [];
}

function whenEnded(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal, error: null }));
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, error: error.message });
    });
  });
}
