// Manager: answers with what happens while an operation runs, then with its result. A reader that leaves changes nothing,
// and one that lags gets the result all the same.

import type { ServerResponse } from 'node:http';
import { toErrorBody } from '../../core/errors.ts';
import type { OperationMessage, OperationResult } from '../../protocol/control-api.ts';
import type { ManagerContext } from '../context.ts';
import { LineStream } from './answer.ts';
import { EventFeed } from './event-feed.ts';

/** `apps`: whose events are told meanwhile; null: all. */
export async function streamOperation(
  { fleet }: ManagerContext,
  response: ServerResponse,
  apps: readonly string[] | null,
  operation: () => Promise<OperationResult>,
): Promise<void> {
  const feed = new EventFeed(
    new LineStream(response),
    (event) => ({ type: 'event', event }) satisfies OperationMessage,
  );
  feed.begin();
  const unsubscribe = fleet.bus.subscribe((event) => {
    if (apps === null || ('app' in event && apps.includes(event.app))) feed.push(event);
  });
  const end = (message: OperationMessage): Promise<void> => {
    unsubscribe();
    return feed.end(message);
  };
  let result: OperationResult;
  try {
    result = await operation();
  } catch (error) {
    await end({ type: 'error', error: toErrorBody(error) });
    throw error;
  }
  await end({ type: 'result', result });
}
