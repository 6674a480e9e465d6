// Starts a manager and waits until it says that it runs, or why it does not.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { Readable } from 'node:stream';
import { EvenkeelError } from '../core/errors.ts';
import type { EcosystemSpec } from '../core/spec.ts';
import { type DetachedStdio, spawnDetached } from '../platform/daemonize.ts';
import { stateLayout } from '../platform/paths.ts';
import { ensurePrivateDir } from '../platform/private-dir.ts';
import { SMALL_HEAP } from '../platform/small-heap.ts';
import type { StartBody } from '../protocol/control-api.ts';
import { isManagerReport, readErrorBody } from '../protocol/control-guards.ts';
import { type ManagerBoot, type ManagerReport, REPORT_FD } from '../protocol/manager-boot.ts';
import { loadRequest } from './load-ecosystem.ts';
import type { Starter } from './whereabouts.ts';

/** From spawn to its report; it adopts clusters meanwhile. In milliseconds. */
const BOOT_TIMEOUT = 60_000;
/** How much of its output an error quotes. */
const QUOTED_LINES = 20;
/** For a manager that has said that it cannot start. */
const LEAVE_TIMEOUT = 5_000;

export interface StartedManager {
  readonly child: ChildProcess;
  readonly report: Extract<ManagerReport, { readonly ready: true }>;
  /** Ctrl-C came meanwhile. A manager in the foreground was told to end; any other looks after what it adopted. */
  readonly interrupted: boolean;
}

/** What the manager is started for. */
export type BootConfig = Pick<ManagerBoot, 'stateDir' | 'config'>;

export interface StartRules {
  /** Keeps our stdout and stderr; else they go to manager.out in the state directory. */
  readonly foreground: boolean;
  /** As ManagerBoot.anew. */
  readonly anew?: readonly string[];
}

export function bootConfig(ecosystem: EcosystemSpec): BootConfig {
  return { stateDir: ecosystem.stateDir, config: { ok: true, ecosystem } };
}

/** Of a start that goes by what it says itself. */
export function anewOf({ reset, apps = [] }: StartBody): Pick<StartRules, 'anew'> {
  return reset === true ? { anew: apps } : {};
}

/**
 * Throws what the manager reports, MANAGER_START_FAILED with its last words, or TIMED_OUT; then no manager is left.
 * null: none is left either, for Ctrl-C came before it ran.
 */
export async function startManager(
  context: Starter,
  config: BootConfig,
  rules: StartRules,
): Promise<StartedManager | null> {
  const { managerOut } = stateLayout(config.stateDir);
  ensurePrivateDir(config.stateDir);
  const log = rules.foreground ? null : openSync(managerOut, 'a', 0o600);
  let interrupted = false;
  let forget = (): void => {};
  try {
    const stdio: DetachedStdio[] = ['pipe', log ?? 'inherit', log ?? 'inherit', 'pipe'];
    const boot: ManagerBoot = { ...loadRequest(context), ...config, ...rules };
    const args = [...SMALL_HEAP, context.program('manager')];
    const { child } = spawnDetached({ file: process.execPath, args, env: context.env, cwd: context.cwd, stdio });
    // One that ends before it has read this says why in its report or its output.
    child.stdin?.on('error', () => {}).end(JSON.stringify(boot));
    // It has a session of its own, so that it would stay behind, with nothing started.
    forget = context.onInterrupt(() => {
      interrupted = true;
      if (rules.foreground) child.kill('SIGTERM');
    });
    const report = await readReport(child, rules.foreground ? null : managerOut);
    if (report.ready) return { child, report, interrupted };
    await untilGone(child);
    throw EvenkeelError.fromBody(readErrorBody(report.error, 'the manager did not start'));
  } catch (error) {
    if (interrupted) return null;
    throw error;
  } finally {
    forget();
    if (log !== null) closeSync(log);
  }
}

/** Nothing of it is left when its failure is told. */
async function untilGone(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  await once(child, 'exit', { signal: AbortSignal.timeout(LEAVE_TIMEOUT) }).catch(() => child.kill('SIGKILL'));
}

async function readReport(child: ChildProcess, output: string | null): Promise<ManagerReport> {
  const pipe = child.stdio[REPORT_FD];
  if (!(pipe instanceof Readable)) throw new Error('Internal error: the manager was spawned without a report pipe');
  const deadline = setTimeout(() => child.kill('SIGKILL'), BOOT_TIMEOUT);
  const startedAt = performance.now();
  try {
    let text = '';
    for await (const chunk of pipe.setEncoding('utf8')) {
      text += String(chunk);
      if (text.includes('\n')) break;
    }
    const report = parseReport(text);
    if (report !== null) return report;
  } finally {
    clearTimeout(deadline);
    pipe.destroy();
  }
  if (performance.now() - startedAt >= BOOT_TIMEOUT) {
    throw new EvenkeelError('TIMED_OUT', `the manager was not ready after ${BOOT_TIMEOUT / 1000} s and was ended`);
  }
  throw await startFailed(output);
}

function parseReport(text: string): ManagerReport | null {
  try {
    const report: unknown = JSON.parse(text);
    return isManagerReport(report) ? report : null;
  } catch {
    return null;
  }
}

async function startFailed(output: string | null): Promise<EvenkeelError> {
  const { lastLinesOfFile } = await import('../logs/tail.ts');
  const lines = output === null ? [] : await lastLinesOfFile(output, QUOTED_LINES);
  const quoted = lines.map((line) => `\n    ${line}`).join('');
  return new EvenkeelError('MANAGER_START_FAILED', `the manager ended while it started${quoted}`, {
    hint: output === null ? null : `Its output is in ${output}.`,
  });
}
