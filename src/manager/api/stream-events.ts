// Manager: answers with past events, then with those that come.

import type { ServerResponse } from 'node:http';
import type { EvenkeelEvent } from '../../core/events.ts';
import type { ManagerContext } from '../context.ts';
import { LineStream } from './answer.ts';

/** Past events, as the event log has them. */
export interface EventHistory {
  /** The newest, oldest first. */
  last(count: number): Promise<readonly EvenkeelEvent[]>;
}

export async function streamEvents(
  { fleet }: ManagerContext,
  history: EventHistory,
  response: ServerResponse,
  count: number,
  follow: boolean,
): Promise<void> {
  const lines = new LineStream(response);
  // Events may come while the log is read; those that it has by then are not told twice.
  let waiting: string[] | null = [];
  const unsubscribe = fleet.bus.subscribe((event) => {
    if (waiting !== null) waiting.push(JSON.stringify(event));
    else lines.send(event);
  });
  response.once('close', unsubscribe);
  const past = new Set<string>();
  for (const event of count > 0 ? await history.last(count) : []) {
    past.add(JSON.stringify(event));
    lines.send(event);
  }
  if (!follow) {
    unsubscribe();
    return lines.end();
  }
  for (const event of waiting) if (!past.has(event)) lines.send(JSON.parse(event));
  waiting = null;
}
