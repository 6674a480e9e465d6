// Waits until node:cluster's primary has taken note that this worker stopped listening: with `balance: round-robin` it
// sends connections over the IPC channel, and some may be on their way. (worker)

import cluster from 'node:cluster';

const TIMEOUT = 1_000;
/** node:cluster numbers its messages from 0 up. */
const OUR_NUMBER = -1;

/**
 * The channel keeps its order, so a message that the primary answers is enough. This one says that the worker leaves
 * on purpose, which it does.
 */
export function whenPrimaryKnows(onDone: () => void): void {
  const { send } = process;
  if (!cluster.isWorker || !process.connected || send === undefined) return onDone();
  const finish = (): void => {
    clearTimeout(timer);
    process.off('internalMessage', onInternal);
    onDone();
  };
  const onInternal = (message: unknown): void => {
    if (message instanceof Object && Reflect.get(message, 'ack') === OUR_NUMBER) finish();
  };
  const timer = setTimeout(finish, TIMEOUT);
  process.on('internalMessage', onInternal);
  Reflect.apply(send, process, [{ cmd: 'NODE_CLUSTER', act: 'exitedAfterDisconnect', seq: OUR_NUMBER }, () => {}]);
}
