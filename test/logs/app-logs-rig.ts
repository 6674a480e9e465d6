// The logs of an app in a folder of its own, for workers that are stubs.

import { join } from 'node:path';
import { PassThrough, type Writable } from 'node:stream';
import { onTestFinished } from 'vitest';
import type { LogSpec, LogTarget } from '../../src/core/spec.ts';
import { type AppLogs, openAppLogs } from '../../src/logs/app-logs.ts';
import type { LogLine } from '../../src/protocol/cluster-link.ts';
import { tempDir } from '../support/temp-dir.ts';

export const TIME = Date.UTC(2026, 0, 31);

export interface Rig {
  readonly logs: AppLogs;
  readonly spec: LogSpec;
  readonly out: string;
  readonly err: string;
  readonly problems: string[];
}

export function openRig(
  change: (file: (name: string) => LogTarget) => Partial<LogSpec> = () => ({}),
  stdout: Writable = new PassThrough(),
): Rig {
  const folder = tempDir();
  const file = (name: string): LogTarget => ({ kind: 'file', path: join(folder, name) });
  const spec: LogSpec = {
    stdout: file('out.log'),
    stderr: file('err.log'),
    maxSize: null,
    schedule: null,
    keep: 1000,
    compress: false,
    timestamps: false,
    onSlow: 'wait',
    ...change(file),
  };
  const problems: string[] = [];
  const logs = openAppLogs(spec, {
    stdout,
    stderr: new PassThrough(),
    now: () => TIME,
    onProblem: (stream, message) => problems.push(`${stream}: ${message}`),
  });
  onTestFinished(() => logs.close(1_000));
  return { logs, spec, problems, out: join(folder, 'out.log'), err: join(folder, 'err.log') };
}

export function nextLine(logs: AppLogs): Promise<LogLine> {
  return new Promise((resolve) => {
    const stop = logs.follow((line) => {
      stop();
      resolve(line);
    });
  });
}
