// Manager: which operation each route of the control API stands for.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { EvenkeelError } from '../../core/errors.ts';
import type { Data } from '../../core/is-record.ts';
import type { OperationResult, ROUTES, VersionAnswer } from '../../protocol/control-api.ts';
import type { ManagerContext } from '../context.ts';
import { abort, abortOperation } from '../operations/abort.ts';
import { deploy } from '../operations/deploy.ts';
import { history } from '../operations/history.ts';
import { plan } from '../operations/plan.ts';
import { reload } from '../operations/reload.ts';
import { restart } from '../operations/restart.ts';
import { rollback } from '../operations/rollback.ts';
import { scale } from '../operations/scale.ts';
import { spec } from '../operations/spec.ts';
import { start } from '../operations/start.ts';
import { status } from '../operations/status.ts';
import { stop } from '../operations/stop.ts';
import { sendToWorkers, signalWorkers } from '../operations/tell-workers.ts';
import type { RunningOperation } from '../under-way.ts';
import { answerJson } from './answer.ts';
import * as bodies from './bodies.ts';
import { type EventHistory, streamEvents } from './stream-events.ts';
import { streamLogs } from './stream-logs.ts';

/** What a route needs of its request. */
export interface Call {
  readonly context: ManagerContext;
  readonly events: EventHistory;
  /** The `:app` of the path; '' where it has none. */
  readonly app: string;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** A change: its result can be streamed. */
export interface Operation {
  /** Whose events belong to it; null: all; 'begun': of the apps that it comes to, those that others need included. */
  readonly apps: readonly string[] | null | 'begun';
  run(operation: RunningOperation): Promise<OperationResult>;
}

export type Route =
  | { readonly kind: 'query'; readonly parameters: readonly string[]; answer(call: Call): Promise<void> }
  | { readonly kind: 'operation'; prepare(call: Call, body: Data): Operation };

const DEFAULT_EVENTS = 50;
const DEFAULT_LINES = 20;
const MAX_COUNT = 10_000;

export const ROUTE_TABLE: Readonly<Record<keyof typeof ROUTES, Route>> = {
  version: query([], async ({ context, response }) => {
    const { version, pid } = context.about;
    answerJson(response, 200, { version, pid } satisfies VersionAnswer);
  }),
  status: query(['app'], async ({ context, query, response }) => {
    answerJson(response, 200, await status(context, query.get('app')));
  }),
  events: query(['n', 'follow'], ({ context, events, query, response }) =>
    streamEvents(context, events, response, count(query, DEFAULT_EVENTS), flag(query, 'follow')),
  ),
  plan: query(['profile'], async ({ context, query, response }) => {
    const profile = query.get('profile');
    answerJson(response, 200, await plan(context, profile === null ? undefined : profile || null));
  }),
  spec: query(['show-env'], async ({ context, app, query, response }) => {
    answerJson(response, 200, spec(context, app, flag(query, 'show-env')));
  }),
  history: query(['show-env'], async ({ context, app, query, response }) => {
    answerJson(response, 200, await history(context, app, flag(query, 'show-env')));
  }),
  logs: query(['n', 'follow'], ({ context, app, query, response }) =>
    streamLogs(context, response, app, count(query, DEFAULT_LINES), flag(query, 'follow')),
  ),
  reload: operation(({ context }, body) => {
    const { profile } = bodies.reloadBody(body);
    return { apps: null, run: (operation) => reload(context, profile, operation) };
  }),
  start: operation(({ context }, body) => {
    const { apps, ...rules } = bodies.startBody(body);
    return {
      apps: apps === undefined ? null : 'begun',
      run: (operation) => start(context, apps ?? null, rules, operation),
    };
  }),
  stop: operation(({ context }, body) => {
    const { apps, timeout, forget } = bodies.stopBody(body);
    return { apps: apps ?? null, run: () => stop(context, apps ?? null, timeout ?? null, forget) };
  }),
  deploy: operation(({ context }, body) => {
    const { apps, options } = bodies.deployBody(body);
    return { apps: apps ?? null, run: (operation) => deploy(context, apps ?? null, options ?? {}, operation) };
  }),
  deployApp: operation(({ context, app }, body) => {
    const options = bodies.deployAppBody(body);
    return { apps: [app], run: (operation) => deploy(context, [app], options, operation) };
  }),
  abort: operation(({ context, app }, body) => {
    bodies.emptyBody(body);
    return { apps: [app], run: () => abort(context, app) };
  }),
  abortOperation: operation(({ context }, body) => {
    const { operation: id } = bodies.abortBody(body);
    return { apps: [], run: () => abortOperation(context, id) };
  }),
  rollback: operation(({ context, app }, body) => {
    const options = bodies.rollbackBody(body);
    return { apps: [app], run: (operation) => rollback(context, app, options, operation) };
  }),
  restart: operation(({ context, app }, body) => {
    bodies.emptyBody(body);
    return { apps: [app], run: () => restart(context, app) };
  }),
  scale: operation(({ context, app }, body) => {
    const { workers } = bodies.scaleBody(body);
    return { apps: [app], run: () => scale(context, app, workers) };
  }),
  signal: operation(({ context, app }, body) => {
    const { signal } = bodies.signalBody(body);
    return { apps: [app], run: () => signalWorkers(context, app, signal) };
  }),
  send: operation(({ context, app }, body) => {
    const { message } = bodies.sendBody(body);
    return { apps: [app], run: () => sendToWorkers(context, app, message) };
  }),
};

function query(parameters: readonly string[], answer: (call: Call) => Promise<void>): Route {
  return { kind: 'query', parameters, answer };
}

function operation(prepare: (call: Call, body: Data) => Operation): Route {
  return { kind: 'operation', prepare };
}

/** A misspelt parameter must not be ignored. Throws BAD_REQUEST. */
export function requireParameters(route: Route, query: URLSearchParams): void {
  const known = route.kind === 'query' ? route.parameters : [];
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new EvenkeelError('BAD_REQUEST', `there is no parameter "${unknown}"`, {
    hint: known.length === 0 ? 'This route takes none.' : `There are: ${known.join(', ')}.`,
  });
}

function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== '0' && value !== 'false';
}

function count(query: URLSearchParams, otherwise: number): number {
  const text = query.get('n');
  if (text === null) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw new EvenkeelError('BAD_REQUEST', `n must be a number, not "${text}"`);
  return Math.min(Number(text), MAX_COUNT);
}
