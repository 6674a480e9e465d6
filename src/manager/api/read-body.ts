// Manager: reads the JSON body of a request to the control API.

import type { IncomingMessage } from 'node:http';
import { EvenkeelError } from '../../core/errors.ts';
import { MAX_BODY_BYTES } from '../../protocol/control-api.ts';
import { isRecord, type JsonObject } from '../is-record.ts';

const MAX_DISCARDED_BYTES = 64 * MAX_BODY_BYTES;

/** No body is an empty object. Throws BODY_TOO_LARGE or BAD_REQUEST. */
export async function readBody(request: IncomingMessage): Promise<JsonObject> {
  const text = (await readAll(request)).toString('utf8');
  const body = text.trim() === '' ? {} : parse(text);
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
    const reason = error instanceof Error ? error.message : String(error);
    throw new EvenkeelError('BAD_REQUEST', `the body of the request is not JSON: ${reason}`);
  }
}

function tooLarge(): EvenkeelError {
  return new EvenkeelError('BODY_TOO_LARGE', `the body of a request may have at most ${MAX_BODY_BYTES} bytes`);
}
