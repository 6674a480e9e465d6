// Manager: answers with past events, then with those that come.

import type { ServerResponse } from 'node:http';
import type { EvenkeelEvent } from '../../core/events.ts';
import type { ManagerContext } from '../context.ts';
import { LineStream } from './answer.ts';
import { EventFeed } from './event-feed.ts';

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
  if (!follow) {
    for (const event of count > 0 ? await history.last(count) : []) await lines.write(event);
    return lines.end();
  }
  const feed = new EventFeed(lines, (event) => event);
  let isLive = false;
  const hear = (event: EvenkeelEvent): void => {
    // The last one: whoever follows need not wait for the connection to break.
    if (event.type === 'manager-stopped' && isLive) void feed.end(event);
    else feed.push(event);
  };
  lines.onClose(fleet.bus.subscribe(hear));
  // Events may come while the log is read; those that it has by then are not told twice.
  const past = new Set<string>();
  for (const event of count > 0 ? await history.last(count) : []) {
    past.add(JSON.stringify(event));
    await lines.write(event);
  }
  feed.begin((event) => past.has(JSON.stringify(event)));
  isLive = true;
  lines.endWithReader();
}
