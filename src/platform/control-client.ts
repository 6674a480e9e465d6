// A client of the control API, with one method for each kind of question. Used by the CLI and the programmatic API.

import type { IncomingMessage } from 'node:http';
import { EvenkeelError } from '../core/errors.ts';
import type { EvenkeelEvent } from '../core/events.ts';
import type { Plan } from '../core/plan.ts';
import type { Milliseconds } from '../core/spec.ts';
import type { Status } from '../core/status.ts';
import {
  type HistoryAnswer,
  type LogMessage,
  NDJSON,
  type OperationResult,
  type SpecAnswer,
  type VersionAnswer,
} from '../protocol/control-api.ts';
import * as guards from '../protocol/control-guards.ts';
import { FrameDecoder } from '../protocol/ndjson.ts';
import { connectionBroken, connectionLost, leftUnanswered, notAnswering, sendHttp } from './control-http.ts';

/** For what is answered from memory. */
const PATIENCE: Milliseconds = 15_000;
/** A plan runs the config loader. */
const PLAN: Milliseconds = 60_000;

type Guard<T> = (value: unknown) => value is T;

export interface StreamOptions {
  /** How many that are past; absent: what the manager thinks fit. */
  readonly n?: number;
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
  /** Does not keep the program alive. */
  readonly background?: boolean;
}

export interface OperateOptions {
  /** Its number, for `POST /v1/abort`. */
  readonly onAccepted?: (operation: number) => void;
  readonly onEvent?: (event: EvenkeelEvent) => void;
  readonly signal?: AbortSignal;
}

/** Every method throws an EvenkeelError: the one that the manager answered, NO_MANAGER, or TIMED_OUT. */
export class ControlClient {
  readonly #socketPath: string;
  readonly #patience: Milliseconds;

  /** `patience`: after so long without an answer to the simplest question the manager counts as one that hangs. */
  constructor(socketPath: string, patience: Milliseconds = PATIENCE) {
    this.#socketPath = socketPath;
    this.#patience = patience;
  }

  version(): Promise<VersionAnswer> {
    return this.#get('/v1/version', guards.isVersionAnswer, this.#patience);
  }

  status(app?: string): Promise<Status> {
    return this.#get(`/v1/status${query({ app })}`, guards.isStatus, this.#patience);
  }

  /** `profile`: of a reload with that one, '' for none; absent: with the one that the manager has. */
  plan(profile?: string): Promise<Plan> {
    return this.#get(`/v1/plan${query({ profile })}`, guards.isPlan, PLAN);
  }

  history(app: string, options: { readonly showEnv?: boolean } = {}): Promise<HistoryAnswer> {
    const path = `/v1/apps/${encodeURIComponent(app)}/history${query({ 'show-env': options.showEnv })}`;
    return this.#get(path, guards.isHistoryAnswer, this.#patience);
  }

  spec(app: string, options: { readonly showEnv?: boolean } = {}): Promise<SpecAnswer> {
    const path = `/v1/apps/${encodeURIComponent(app)}/spec${query({ 'show-env': options.showEnv })}`;
    return this.#get(path, guards.isSpecAnswer, this.#patience);
  }

  events({ n, follow = false, ...options }: StreamOptions): AsyncIterable<EvenkeelEvent> {
    return this.#stream(`/v1/events${query({ n, follow })}`, guards.isEvent, { ...options, follow });
  }

  logs(app: string, { n, follow = false, ...options }: StreamOptions): AsyncIterable<LogMessage> {
    const path = `/v1/apps/${encodeURIComponent(app)}/logs${query({ n, follow })}`;
    return this.#stream(path, guards.isLogMessage, { ...options, follow });
  }

  /**
   * A POST: `/v1/reload`, `/v1/apps/web/scale` ... Tells what happens meanwhile and gives the result. Leaving it through
   * `signal` changes nothing of what the manager does.
   */
  async operate(path: string, body: unknown, options: OperateOptions = {}): Promise<OperationResult> {
    const { signal, stop } = this.#watchPulse(options.signal, leftUnanswered);
    try {
      const answer = await sendHttp(this.#socketPath, { method: 'POST', path, body, accept: NDJSON, signal });
      for await (const message of readMessages(await accepted(answer), guards.isOperationMessage, signal)) {
        if (message.type === 'result') return message.result;
        if (message.type === 'error') throw failure(message);
        if (message.type === 'accepted') options.onAccepted?.(message.operation);
        else options.onEvent?.(message.event);
      }
      throw connectionLost(null);
    } catch (error) {
      throw await this.#explain(error);
    } finally {
      stop();
    }
  }

  /** A connection ends with the manager, or alone; then the manager goes on with what it was asked for. */
  async #explain(error: unknown): Promise<unknown> {
    if (!(error instanceof EvenkeelError) || error.code !== 'NO_MANAGER') return error;
    return await this.version().then(
      () => connectionBroken(error),
      () => error,
    );
  }

  async #get<T>(path: string, guard: Guard<T>, timeout: Milliseconds): Promise<T> {
    const signal = AbortSignal.timeout(timeout);
    try {
      const answer = await accepted(await sendHttp(this.#socketPath, { method: 'GET', path, accept: '*/*', signal }));
      const value = parse(await readText(answer));
      if (!guard(value)) throw unexpected(path);
      return value;
    } catch (error) {
      throw signal.aborted && !(error instanceof EvenkeelError) ? notAnswering(error) : error;
    }
  }

  async *#stream<T>(path: string, guard: Guard<T>, options: Omit<StreamOptions, 'n'>): AsyncGenerator<T> {
    const { follow = false, background = false } = options;
    const { signal, stop } = this.#watchPulse(options.signal);
    try {
      const request = { method: 'GET', path, accept: NDJSON, background, signal } as const;
      const answer = await accepted(await sendHttp(this.#socketPath, request));
      // From then on silence means that nothing happens.
      if (follow) stop();
      yield* readMessages(answer, guard, signal);
    } finally {
      stop();
    }
  }

  /** What has no deadline here, because the manager keeps it: a manager that hangs keeps none, so it is asked now and then. */
  #watchPulse(
    outer?: AbortSignal,
    explain: (hung: EvenkeelError) => EvenkeelError = (hung) => hung,
  ): { readonly signal: AbortSignal; readonly stop: () => void } {
    const hung = new AbortController();
    const timer = setInterval(() => {
      this.version().catch((error: unknown) => {
        if (error instanceof EvenkeelError && error.code === 'TIMED_OUT') hung.abort(explain(error));
      });
    }, this.#patience);
    const signal = outer === undefined ? hung.signal : AbortSignal.any([outer, hung.signal]);
    return { signal, stop: () => clearInterval(timer) };
  }
}

/** The answer where it is a success; else throws what it says. */
async function accepted(answer: IncomingMessage): Promise<IncomingMessage> {
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return answer;
  const body = parse(await readText(answer));
  throw failure(body, `the manager answered with status ${status}`);
}

function failure(answer: unknown, otherwise = 'the manager failed and did not say why'): EvenkeelError {
  const error = typeof answer === 'object' && answer !== null && 'error' in answer ? answer.error : null;
  return EvenkeelError.fromBody(guards.readErrorBody(error, otherwise));
}

async function readText(answer: IncomingMessage): Promise<string> {
  answer.setEncoding('utf8');
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return text;
}

/** Messages that are unknown are skipped: a newer manager may say more. */
async function* readMessages<T>(answer: IncomingMessage, guard: Guard<T>, signal?: AbortSignal): AsyncGenerator<T> {
  answer.setEncoding('utf8');
  const decoder = new FrameDecoder();
  try {
    for await (const chunk of answer) {
      for (const frame of decoder.push(String(chunk))) {
        if (frame.ok && guard(frame.value)) yield frame.value;
      }
    }
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    throw error instanceof EvenkeelError ? error : connectionLost(error);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function unexpected(path: string): EvenkeelError {
  return new EvenkeelError('INTERNAL', `the manager's answer to ${path} is not what it should be`, {
    hint: '`evenkeel version` tells whether the manager is of another version than this program.',
  });
}

function query(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    return [`${name}=${value === true ? 1 : encodeURIComponent(value)}`];
  });
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}
