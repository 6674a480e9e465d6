// Manager: answers with what happens while an operation runs, then with its result. A reader that leaves changes nothing,
// and one that lags gets the result all the same.

import type { ServerResponse } from 'node:http';
import { toErrorBody } from '../../core/errors.ts';
import type { EvenkeelEvent } from '../../core/events.ts';
import type { OperationMessage, OperationResult } from '../../protocol/control-api.ts';
import type { ManagerContext } from '../context.ts';
import { LineStream } from './answer.ts';
import { EventFeed } from './event-feed.ts';

export interface StreamedOperation {
  readonly id: number;
  /** Whether an event is told meanwhile. */
  concerns(event: EvenkeelEvent): boolean;
  run(): Promise<OperationResult>;
}

export async function streamOperation(
  { fleet }: ManagerContext,
  response: ServerResponse,
  { id, concerns, run }: StreamedOperation,
): Promise<void> {
  const lines = new LineStream(response);
  lines.send({ type: 'accepted', operation: id } satisfies OperationMessage);
  const feed = new EventFeed(lines, (event) => ({ type: 'event', event }) satisfies OperationMessage);
  feed.begin();
  const unsubscribe = fleet.bus.subscribe((event) => {
    if (concerns(event)) feed.push(event);
  });
  const end = (message: OperationMessage): Promise<void> => {
    unsubscribe();
    return feed.end(message);
  };
  let result: OperationResult;
  try {
    result = await run();
  } catch (error) {
    await end({ type: 'error', error: toErrorBody(error) });
    throw error;
  }
  await end({ type: 'result', result });
}
