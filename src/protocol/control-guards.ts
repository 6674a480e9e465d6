// Whether a JSON value is the answer that a route promises. Looks as deep as it takes to tell it from anything else, not
// deeper: both ends are evenkeel, and a newer manager may add to what it says.

import { ERRORS, type ErrorBody, type ErrorCode } from '../core/errors.ts';
import type { EvenkeelEvent } from '../core/events.ts';
import { isRecord } from '../core/is-record.ts';
import type { Plan } from '../core/plan.ts';
import type { Status } from '../core/status.ts';
import type {
  HistoryAnswer,
  LogMessage,
  OperationMessage,
  OperationResult,
  SpecAnswer,
  VersionAnswer,
} from './control-api.ts';
import type { ManagerReport } from './manager-boot.ts';

export function isStatus(value: unknown): value is Status {
  return isRecord(value) && isRecord(value.manager) && Array.isArray(value.apps);
}

export function isVersionAnswer(value: unknown): value is VersionAnswer {
  return isRecord(value) && typeof value.version === 'string' && typeof value.pid === 'number';
}

export function isPlan(value: unknown): value is Plan {
  return isRecord(value) && Array.isArray(value.changes) && Array.isArray(value.notices);
}

export function isHistoryAnswer(value: unknown): value is HistoryAnswer {
  return isRecord(value) && typeof value.app === 'string' && Array.isArray(value.generations);
}

export function isSpecAnswer(value: unknown): value is SpecAnswer {
  return isRecord(value) && isRecord(value.spec) && isRecord(value.changed) && typeof value.app === 'string';
}

export function isEvent(value: unknown): value is EvenkeelEvent {
  return isRecord(value) && typeof value.type === 'string' && typeof value.time === 'string';
}

export function isOperationResult(value: unknown): value is OperationResult {
  return isRecord(value) && typeof value.ok === 'boolean' && Array.isArray(value.apps) && Array.isArray(value.notices);
}

export function isOperationMessage(value: unknown): value is OperationMessage {
  if (!isRecord(value)) return false;
  if (value.type === 'event') return isEvent(value.event);
  if (value.type === 'accepted') return typeof value.operation === 'number';
  return value.type === 'result' ? isOperationResult(value.result) : value.type === 'error' && isRecord(value.error);
}

export function isLogMessage(value: unknown): value is LogMessage {
  if (!isRecord(value)) return false;
  if (value.type === 'snapshot') return Array.isArray(value.lines) && Array.isArray(value.files);
  return value.type === 'line' ? typeof value.line === 'string' : value.type === 'skipped';
}

export function isManagerReport(value: unknown): value is ManagerReport {
  if (!isRecord(value)) return false;
  return value.ready === true ? typeof value.pid === 'number' : value.ready === false && isRecord(value.error);
}

/** An error as another process sent it; one that says nothing we know becomes INTERNAL. */
export function readErrorBody(value: unknown, otherwise: string): ErrorBody {
  if (!isRecord(value) || typeof value.message !== 'string') {
    return { code: 'INTERNAL', message: otherwise, hint: null };
  }
  const code = isErrorCode(value.code) ? value.code : 'INTERNAL';
  const hint = typeof value.hint === 'string' ? value.hint : null;
  const body = { code, message: value.message, hint };
  return Array.isArray(value.problems) ? { ...body, problems: value.problems } : body;
}

function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value);
}
