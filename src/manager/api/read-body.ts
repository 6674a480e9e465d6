// Manager: reads the JSON body of a request to the control API.

import type { IncomingMessage } from 'node:http';
import { EvenkeelError } from '../../core/errors.ts';
import { type Data, isRecord } from '../../core/is-record.ts';
import { MAX_BODY_BYTES } from '../../protocol/control-api.ts';

/** Far above any message; where it is handed on, it is written by recursion. */
const MAX_DEPTH = 200;
const MAX_DISCARDED_BYTES = 64 * MAX_BODY_BYTES;

/** No body is an empty object. Throws BODY_TOO_LARGE or BAD_REQUEST. */
export async function readBody(request: IncomingMessage): Promise<Data> {
  const text = (await readAll(request)).toString('utf8');
  const body = text.trim() === '' ? {} : parse(text);
  if (isTooDeep(body)) {
    throw new EvenkeelError('BAD_REQUEST', `the body of the request nests more than ${MAX_DEPTH} levels deep`);
  }
  if (isRecord(body)) return body;
  throw new EvenkeelError('BAD_REQUEST', 'the body of the request is not a JSON object');
}

/**
 * Reads a body that is too large to its end as well, within reason: a client that is cut off while it sends does not get to
 * read why.
 */
function readAll(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
      else chunks.length = 0;
      if (size > MAX_DISCARDED_BYTES) reject(tooLarge());
    });
    request.once('end', () => (size > MAX_BODY_BYTES ? reject(tooLarge()) : resolve(Buffer.concat(chunks))));
    request.once('close', () =>
      reject(new EvenkeelError('BAD_REQUEST', 'the request ended before its body was complete')),
    );
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // Node quotes what it could not read, and that may be a secret.
    const place = error instanceof Error ? /(?:at|in JSON at) position (\d+)/.exec(error.message)?.[1] : undefined;
    const where = place === undefined ? '' : ` (at position ${place})`;
    throw new EvenkeelError('BAD_REQUEST', `the body of the request is not JSON${where}`);
  }
}

/** Level by level: recursion is what it has to prevent. */
function isTooDeep(body: unknown): boolean {
  let level: readonly unknown[] = [body];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return false;
}

function tooLarge(): EvenkeelError {
  return new EvenkeelError('BODY_TOO_LARGE', `the body of a request may have at most ${MAX_BODY_BYTES} bytes`);
}
