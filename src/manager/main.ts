// The manager: keeps what runs as the config says, and answers the control API. Started by the CLI.

import { text } from 'node:stream/consumers';
import { toErrorBody } from '../core/errors.ts';
import { stayAlive } from '../platform/daemonize.ts';
import { closeInherited } from '../platform/inherited-fds.ts';
import { OwnOutput } from '../platform/own-output.ts';
import { nameProcess, titleOf } from '../platform/process-title.ts';
import { keepHeapSmall } from '../platform/small-heap.ts';
import { REPORT_FD } from '../protocol/manager-boot.ts';
import { decodeBoot } from './decode-boot.ts';
import { reportStart } from './report.ts';
import { runManager } from './run-manager.ts';
import { MANAGER_SIGNALS, type ManagerSignal, signalHandler } from './signals.ts';

const output = new OwnOutput();

async function main(): Promise<void> {
  keepHeapSmall();
  nameProcess(titleOf('manager', null), 'evenkeel');
  closeInherited([0, 1, 2, REPORT_FD]);
  // A terminal that closes, or a full disk behind manager.out, must not end what looks after everything.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  // The clusters go on without it, and the next manager adopts them.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error) => {
      output.complain(error);
      process.exit(1);
    });
  }
  stayAlive();
  process.chdir('/');
  try {
    await run();
  } catch (error) {
    output.complain(error);
    reportStart({ ready: false, error: toErrorBody(error) });
    process.exit(1);
  }
}

async function run(): Promise<void> {
  // Signals that come while it starts wait until it can act on them.
  const early = new Set<ManagerSignal>();
  let act = (signal: ManagerSignal): void => void early.add(signal);
  for (const signal of MANAGER_SIGNALS) process.on(signal, () => act(signal));
  const manager = await runManager(decodeBoot(await text(process.stdin)), output);
  nameProcess(titleOf('manager', manager.context.fleet.state.ecosystem?.name ?? null), 'evenkeel');
  const leave = async (reason: string, code: number): Promise<void> => {
    await manager.close(reason);
    process.exit(code);
  };
  act = signalHandler(manager.context, () => void leave('told to end', 1));
  reportStart({ ready: true, pid: process.pid, config: manager.configError });
  for (const signal of MANAGER_SIGNALS) if (early.has(signal)) act(signal);
  await manager.lifecycle.finished;
  await leave('everything is stopped', 0);
}

void main();
