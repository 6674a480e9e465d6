// Hears what the app says through `evenkeel/worker`, and passes it on. (worker)

import { subscribe } from 'node:diagnostics_channel';
import { WORKER_CHANNEL, type WorkerCall, type WorkerTask } from '../protocol/worker-calls.ts';

export interface CallHandlers {
  ready(): void;
  onShutdown(task: WorkerTask): void;
  requestReplacement(reason: string | null): void;
  readyFor(resource: string, task: WorkerTask): void;
  onTakedown(resource: string, task: WorkerTask): void;
}

export function hearWorkerCalls(handlers: CallHandlers): void {
  subscribe(WORKER_CHANNEL, (message) => {
    const call = decodeCall(message);
    switch (call?.call) {
      case 'ready':
        return handlers.ready();
      case 'on-shutdown':
        return handlers.onShutdown(call.task);
      case 'request-replacement':
        return handlers.requestReplacement(call.reason);
      case 'ready-for':
        return handlers.readyFor(call.resource, call.task);
      case 'on-takedown':
        return handlers.onTakedown(call.resource, call.task);
      case undefined:
    }
  });
}

/** null: of another version of the module, or of somebody else. */
export function decodeCall(message: unknown): WorkerCall | null {
  if (typeof message !== 'object' || message === null || !('call' in message)) return null;
  switch (message.call) {
    case 'ready':
      return { call: 'ready' };
    case 'on-shutdown':
      return hasTask(message) ? { call: 'on-shutdown', task: message.task } : null;
    case 'request-replacement':
      return { call: 'request-replacement', reason: reasonOf(message) };
    case 'ready-for':
    case 'on-takedown':
      if (!hasTask(message) || !('resource' in message) || typeof message.resource !== 'string') return null;
      return { call: message.call, resource: message.resource, task: message.task };
    default:
      return null;
  }
}

function hasTask(message: object): message is { task: WorkerTask } {
  return 'task' in message && typeof message.task === 'function';
}

function reasonOf(message: object): string | null {
  return 'reason' in message && typeof message.reason === 'string' ? message.reason : null;
}
