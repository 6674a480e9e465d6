// Manager: what a cluster process says, checked. It may be of another version of evenkeel; results of requests are
// taken as agreed in `hello`.

import { ERRORS, type ErrorBody, type ErrorCode } from '../core/errors.ts';
import type { AppEvent } from '../core/events.ts';
import { isRecord } from '../core/is-record.ts';
import type { LinkMessage } from '../protocol/cluster-link.ts';

/** null: not a message of this protocol. */
export function decodeLinkMessage(value: unknown): LinkMessage | null {
  if (!isRecord(value)) return null;
  const { id, type } = value;
  if (typeof id === 'number') {
    if (value.ok === true) return { id, ok: true, result: value.result };
    return value.ok === false ? { id, ok: false, error: decodeError(value.error) } : null;
  }
  switch (type) {
    case 'event':
      return typeof value.seq === 'number' && isAppEvent(value.event)
        ? { type, seq: value.seq, event: value.event }
        : null;
    case 'log': {
      const { slot, stream, line } = value;
      if (typeof slot !== 'number' || typeof line !== 'string' || (stream !== 'stdout' && stream !== 'stderr'))
        return null;
      return { type, slot, stream, line };
    }
    case 'log-skipped':
      return typeof value.lines === 'number' ? { type, lines: value.lines } : null;
    default:
      return null;
  }
}

function decodeError(value: unknown): ErrorBody {
  const { code, message, hint } = isRecord(value) ? value : {};
  return {
    code: isErrorCode(code) ? code : 'INTERNAL',
    message: typeof message === 'string' ? message : 'the cluster process failed without saying why',
    hint: typeof hint === 'string' ? hint : null,
  };
}

function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value);
}

function isAppEvent(value: unknown): value is AppEvent {
  return isRecord(value) && [value.type, value.time, value.app].every((field) => typeof field === 'string');
}
