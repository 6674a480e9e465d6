// The package `evenkeel` for programs: start a manager, talk to one, write a typed config. What is needed only for one of
// them is loaded when it is used: a config imports this file too.

import type { ConnectOptions } from './client/connect.ts';
import type { EvenkeelClient } from './client/evenkeel-client.ts';
import type { StartOptions } from './client/start-ecosystem.ts';

export type { ConnectOptions } from './client/connect.ts';
export type {
  DeployOptions,
  Duration,
  EvenkeelClient,
  EventOptions,
  Names,
  OperationOptions,
  ReloadOptions,
  RollbackOptions,
  StopOptions,
  WorkerCount,
} from './client/evenkeel-client.ts';
export type { Logger } from './client/log-events.ts';
export { OperationError } from './client/operation-outcome.ts';
export type { LogEntry, LogOptions } from './client/read-logs.ts';
export type { StartOptions } from './client/start-ecosystem.ts';
export { type Config, type ConfigContext, defineConfig } from './config/define-config.ts';
export type { App, EvenkeelConfig } from './config/user-config.ts';
export { type ErrorCode, EvenkeelError } from './core/errors.ts';
export type { EvenkeelEvent, EvenkeelEventType } from './core/events.ts';
export type { Plan } from './core/plan.ts';
export type { ConfigProblem } from './core/problem.ts';
export type { AppStatus, DeployResult, LossReport, Status, WorkerFailure, WorkerStatus } from './core/status.ts';
export type { AppResult, HistoryAnswer, OperationResult } from './protocol/control-api.ts';

/**
 * A client of the manager that runs for a config. Rejects with NO_MANAGER where none does.
 *
 * @example
 * import { connect } from 'evenkeel';
 * const evenkeel = await connect();
 * await evenkeel.deploy('web', { timeout: '2m' });
 */
export async function connect(options: ConnectOptions = {}): Promise<EvenkeelClient> {
  const client = await import('./client/connect.ts');
  return client.connect(options);
}

/**
 * Starts a manager, if none runs, and brings up what is down. The manager is a process of its own: it goes on when this
 * program ends, until `stop()` or `evenkeel stop`.
 *
 * @example
 * import { startManager } from 'evenkeel';
 * const evenkeel = await startManager({ config: 'evenkeel.config.yaml', apps: ['web'] });
 * for await (const event of evenkeel.events()) console.log(event.type);
 */
export async function startManager(options: StartOptions = {}): Promise<EvenkeelClient> {
  const client = await import('./client/start-ecosystem.ts');
  return client.startEcosystem(options);
}
