// Gives another descriptor of a socket. Node cannot duplicate one, but a child inherits it, and can send what it
// inherited back over its IPC channel. (worker)

import { isNodeHandle, type NodeHandle } from '../platform/node-handles.ts';
import { PASSING_TIMEOUT, startSender } from '../platform/pass-sockets.ts';

/**
 * The child inherits the socket before this returns, so the caller may close its own handle at once. null: it could
 * not be done (no permission to start processes, no memory ...). Keeps the event loop alive for nothing.
 */
export function copySocket(fd: number, onCopy: (copy: NodeHandle | null) => void): void {
  let answered = false;
  const answer = (copy: NodeHandle | null): void => {
    if (!answered) onCopy(copy);
    answered = true;
  };
  try {
    const child = startSender([{ address: '', fd }], {
      ...{ stdio: ['ignore', 'ignore', 'ignore', 'ipc'], env: {}, timeout: PASSING_TIMEOUT },
    });
    child.on('message', (_message, handle: unknown) => {
      if (isNodeHandle(handle)) answer(handle);
    });
    child.once('error', () => answer(null));
    child.once('close', () => answer(null));
    child.channel?.unref();
  } catch {
    answer(null);
  }
}
