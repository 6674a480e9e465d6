// What lets a worker outlive its cluster process: without it, node:cluster would end the worker, and so would the
// first line that the app prints into the broken pipe. (worker)

import cluster from 'node:cluster';

const NOTICE_TIME = 100;

/** node:cluster ends a worker whose channel closes, unless the worker is said to leave on purpose. */
export function surviveDisconnect(): void {
  process.prependListener('disconnect', () => {
    // Also when the app itself calls process.disconnect(): a plain process goes on then.
    if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
  });
}

/** Makes process.stdout and process.stderr ignore EPIPE: who reads them has died. Any other error has its effect. */
export function surviveBrokenPipes(): void {
  for (const name of ['stdout', 'stderr'] as const) {
    const original = Object.getOwnPropertyDescriptor(process, name);
    if (original?.get === undefined || original.configurable !== true) {
      ignoreBrokenPipe(process[name]);
      continue;
    }
    const { get } = original;
    // Node creates a stream when it is first asked for; an app that never prints shall have none.
    const getFirst = (): NodeJS.WriteStream => {
      Object.defineProperty(process, name, original);
      const stream: NodeJS.WriteStream = Reflect.apply(get, process, []);
      ignoreBrokenPipe(stream);
      return stream;
    };
    Object.defineProperty(process, name, { ...original, get: getFirst });
  }
}

/**
 * An app that sends messages to its parent shall not fail because there is none any more. `isOrphan`: the cluster
 * process is gone; otherwise the app has closed the channel itself, and Node's error is the app's.
 */
export function surviveLostChannel(isOrphan: () => boolean): void {
  // node:cluster passes what is wrong with the channel on to the worker object.
  const { worker } = cluster;
  worker?.on('error', (error: NodeJS.ErrnoException) => {
    const fail = (): void => {
      if (worker.listenerCount('error') === 1) throw error;
    };
    if (error.code === 'EPIPE') return;
    if (error.code !== 'ERR_IPC_CHANNEL_CLOSED') return fail();
    // Channel and link break together, but one is seen first.
    if (!isOrphan()) setTimeout(() => isOrphan() || fail(), NOTICE_TIME);
  });
}

function ignoreBrokenPipe(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && stream.listenerCount('error') === 1) throw error;
  });
}
