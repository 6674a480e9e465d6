// Forks Node workers through node:cluster, which shares the ports that are not declared. (cluster process)
//
// node:cluster passes neither `detached`, nor `execPath`, nor an environment of one's own on to child_process.fork. It
// takes that function from the module when it is first loaded, so a wrapper put there before can add them.

import childProcess, { type ChildProcess, type ForkOptions } from 'node:child_process';
import type { Cluster, Worker as ClusterWorker } from 'node:cluster';
import { createRequire } from 'node:module';
import type { AppSpec } from '../core/spec.ts';
import type { RunAs } from '../platform/run-as.ts';

export interface ForkRequest {
  readonly script: string;
  readonly args: readonly string[];
  readonly execPath: string;
  readonly execArgv: readonly string[];
  readonly cwd: string;
  /** The worker's whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdio: NonNullable<ForkOptions['stdio']>;
  /** `uid` and `gid`, or nothing. */
  readonly ids: RunAs['ids'];
  /** Of its inspector, where `execArgv` asks for one; node:cluster would count up for ever. */
  readonly inspectPort: number | undefined;
}

const plainFork = childProcess.fork;
let overrides: ForkOptions = {};

function forkWithOverrides(modulePath: string, args: readonly string[], options: ForkOptions): ChildProcess {
  const id = options.env?.NODE_UNIQUE_ID;
  return plainFork(modulePath, args, { ...options, ...overrides, env: { ...overrides.env, NODE_UNIQUE_ID: id } });
}

Object.assign(childProcess, { fork: forkWithOverrides });
// Not imported above: all imports come before the wrapper.
const cluster: Cluster = createRequire(import.meta.filename)('node:cluster');

/** Must be called before the first fork: node:cluster keeps the policy of that moment for ever. */
export function useBalance(balance: AppSpec['balance']): void {
  cluster.schedulingPolicy = balance === 'shared' ? cluster.SCHED_NONE : cluster.SCHED_RR;
}

/** The worker leads a process group of its own, so that what it started can be killed with it. */
export function forkWorker(request: ForkRequest): ClusterWorker {
  const { script, args, execPath, execArgv, cwd, env, stdio, ids, inspectPort } = request;
  cluster.setupPrimary({ exec: script, args: [...args], execArgv: [...execArgv], cwd, inspectPort });
  overrides = { detached: true, execPath, env, stdio, ...ids };
  const worker = cluster.fork();
  // One that never came to be never ends either, and node:cluster would keep it.
  if (worker.process.pid === undefined) delete cluster.workers?.[worker.id];
  return worker;
}
