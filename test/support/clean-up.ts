// The end of a rig: `stop`, then proof that no process and no socket is left, then, if any was, its removal.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { StateLayout } from '../../src/platform/paths.ts';
import type { OperationResult } from '../../src/protocol/control-api.ts';
import { askApi } from './api-client.ts';
import type { CliProcess, CliResult } from './cli-process.ts';
import { eventually } from './eventually.ts';
import { killHard, type ProcessEntry, processesOf } from './process-table.ts';

const LOG_TAIL = 4000;
const STOP_TIMEOUT_MS = 1000;

/** Stops what runs below `folder`; gives a line for each thing that should be gone and was not. */
export async function endAndFindLeftovers(
  folder: string,
  state: StateLayout,
  stop: () => Promise<CliResult>,
): Promise<readonly string[]> {
  const faults: string[] = [];
  if (processesOf(folder).length > 0 && !(await stopOverApi(state))) {
    const { code, stderr } = await stop();
    // 3: no manager runs; the processes that do were left by it.
    if (code !== 0 && code !== 3) faults.push(`stop: exit code ${code}: ${stderr}`);
  }
  const left = await lingering(folder);
  for (const { pid } of left) killHard(pid);
  faults.push(...left.map(({ pid, command }) => `process ${pid}: ${command}`));
  return [...faults, ...socketsIn(state).map((socket) => `socket ${socket}`)];
}

/** As the command does, without a process for it. */
async function stopOverApi({ managerSocket }: StateLayout): Promise<boolean> {
  try {
    const request = { method: 'POST', path: '/v1/stop', body: { timeout: STOP_TIMEOUT_MS } };
    const headers = { 'content-type': 'application/json' };
    const { status, body } = await askApi<Partial<OperationResult>>(managerSocket, { ...request, headers });
    return status === 200 && body?.ok === true;
  } catch {
    return false;
  }
}

/** What was printed and logged, for a test that failed. */
export function describeLogs(processes: readonly CliProcess[], state: StateLayout): string {
  const files = [state.managerOut, state.managerLog];
  const logs = files.filter((file) => existsSync(file)).map((file) => `=== ${file}\n${tail(file)}`);
  return [...processes.map((child) => child.describe()), ...logs].join('\n');
}

/** `stop` answers when the apps are gone; the manager itself may take a moment more. */
async function lingering(folder: string): Promise<readonly ProcessEntry[]> {
  try {
    await eventually('all processes are gone', () => processesOf(folder).length === 0, 10_000);
    return [];
  } catch {
    return processesOf(folder);
  }
}

function socketsIn(state: StateLayout): string[] {
  const sockets = [state.managerSocket];
  for (const name of appNames(state)) sockets.push(state.app(name).socket, state.app(name).agentsSocket);
  return sockets.filter((socket) => existsSync(socket));
}

function appNames(state: StateLayout): string[] {
  return existsSync(state.apps) ? readdirSync(state.apps) : [];
}

function tail(file: string): string {
  const text = readFileSync(file, 'utf8');
  return text.length > LOG_TAIL ? `...${text.slice(-LOG_TAIL)}` : text;
}
