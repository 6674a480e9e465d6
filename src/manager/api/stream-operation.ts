// Manager: answers with what happens while an operation runs, then with its result. A reader that leaves changes nothing.

import type { ServerResponse } from 'node:http';
import { toErrorBody } from '../../core/errors.ts';
import type { OperationMessage, OperationResult } from '../../protocol/control-api.ts';
import type { ManagerContext } from '../context.ts';
import { LineStream } from './answer.ts';

export interface StreamedOperation {
  readonly id: number;
  /** Whose events are told meanwhile; null: all. */
  readonly apps: readonly string[] | null;
  run(): Promise<OperationResult>;
}

export async function streamOperation(
  { fleet }: ManagerContext,
  response: ServerResponse,
  { id, apps, run }: StreamedOperation,
): Promise<void> {
  const lines = new LineStream(response);
  const tell = (message: OperationMessage): boolean => lines.send(message);
  tell({ type: 'accepted', operation: id });
  const unsubscribe = fleet.bus.subscribe((event) => {
    if (apps === null || ('app' in event && apps.includes(event.app))) tell({ type: 'event', event });
  });
  try {
    tell({ type: 'result', result: await run() });
  } catch (error) {
    tell({ type: 'error', error: toErrorBody(error) });
    throw error;
  } finally {
    unsubscribe();
    lines.end();
  }
}
