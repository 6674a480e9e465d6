// Lets an app that has nothing left to do end by itself, as in plain Node. (worker)
//
// In a process that node:cluster forked, cluster's own listeners ('message', 'disconnect') keep the IPC channel open and
// with it the process, for ever. They are taken out of the channel's count here. In return the channel must be kept
// while node:cluster waits for an answer: a server that is about to listen is something to do.

import cluster from 'node:cluster';

/** node:cluster's 'message' and 'disconnect', and the agent's 'disconnect'. */
const UNCOUNTED_LISTENERS = 3;

interface ChannelCount {
  refCounted(): void;
  unrefCounted(): void;
}

/** Call once, when those listeners are there. Where Node has no such count, workers stay until they are told to stop. */
export function allowNaturalEnd(): void {
  const { channel } = process;
  const getServer: unknown = Reflect.get(cluster, '_getServer');
  if (!hasCount(channel) || !cluster.isWorker || typeof getServer !== 'function') return;
  // Called with the server or UDP socket, what it asks for, and what to call with the answer.
  Reflect.set(cluster, '_getServer', (asker: unknown, options: unknown, onAnswer: (...args: unknown[]) => void) => {
    channel.refCounted();
    const answered = (...args: unknown[]): void => {
      channel.unrefCounted();
      onAnswer(...args);
    };
    Reflect.apply(getServer, cluster, [asker, options, answered]);
  });
  for (let count = 0; count < UNCOUNTED_LISTENERS; count += 1) channel.unrefCounted();
}

function hasCount(channel: unknown): channel is ChannelCount {
  if (typeof channel !== 'object' || channel === null || !('refCounted' in channel)) return false;
  return typeof channel.refCounted === 'function' && 'unrefCounted' in channel;
}
