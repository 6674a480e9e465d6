// Gives another descriptor of a socket. Node cannot duplicate one, but a child inherits it, and can send what it
// inherited back over its IPC channel. (worker)

import type { StdioOptions } from 'node:child_process';
import { isNodeHandle, type NodeHandle } from '../platform/node-handles.ts';

const TIMEOUT = 10_000;
/** What the child runs; descriptor 4 is the socket. */
const RETURN_SOCKET = `
  const handle = require('node:net')._createServerHandle(null, null, null, 4);
  process.send('socket', handle, () => process.disconnect());
`;

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
    const stdio: StdioOptions = ['ignore', 'ignore', 'ignore', 'ipc', fd];
    const { spawn } = process.getBuiltinModule('node:child_process');
    const child = spawn(process.execPath, ['--eval', RETURN_SOCKET], { stdio, env: {}, timeout: TIMEOUT });
    child.on('message', (_message, handle: unknown) => answer(isNodeHandle(handle) ? handle : null));
    child.once('error', () => answer(null));
    child.once('close', () => answer(null));
    child.unref();
    child.channel?.unref();
  } catch {
    answer(null);
  }
}
