// Messages over a socket: one JSON value per line, in both directions.

import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { encodeFrame, FrameDecoder } from '../protocol/ndjson.ts';

/**
 * Calls `onFrame` for each value that arrives, in order, and `onBad` for each line that is none. A line that the other end
 * did not finish is dropped. `maxLength`: of a line, in characters. Returns what ends it: not one call follows.
 */
export function frames(
  socket: Socket,
  onFrame: (value: unknown) => void,
  onBad: (reason: string) => void,
  maxLength?: number,
): () => void {
  const characters = new StringDecoder('utf8');
  const decoder = new FrameDecoder(maxLength);
  let active = true;
  const onData = (chunk: Buffer): void => {
    for (const frame of decoder.push(characters.write(chunk))) {
      if (!active) return;
      if (frame.ok) onFrame(frame.value);
      else onBad(frame.reason);
    }
  };
  socket.on('data', onData);
  return () => {
    active = false;
    socket.off('data', onData);
  };
}

/** False: the socket is closed or closing, and the message was not sent. See `socket.writableNeedDrain` for a slow reader. */
export function sendFrame(socket: Socket, message: unknown): boolean {
  if (!socket.writable) return false;
  socket.write(encodeFrame(message));
  return true;
}
