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

/**
 * Many apps end when they hear 'disconnect': an orphan hears it when it is released, for it is to serve on. `isOrphan` is asked
 * soon after the channel has closed; if the worker is none, the app has closed it itself, and hears of it.
 */
export function holdDisconnect(isOrphan: () => boolean): { release(): void } {
  const parent = process.ppid;
  let held: (() => void) | null = null;
  // Node calls it too, when the other end has closed.
  const { disconnect } = process;
  process.disconnect = function (this: NodeJS.Process): void {
    if (process.connected) {
      catchDisconnect((tell) => {
        const holdIfLost = (): boolean => {
          const isLost = isOrphan() || process.ppid !== parent;
          if (isLost) held = tell;
          return isLost;
        };
        if (!holdIfLost()) setTimeout(() => holdIfLost() || tell(), NOTICE_TIME);
      });
    }
    Reflect.apply(disconnect ?? (() => {}), this, []);
  };
  return {
    release: () => {
      const tell = held;
      held = null;
      tell?.();
    },
  };
}

/** No listener can keep an event from those after it: the one emission that is about to come is taken. */
function catchDisconnect(onCaught: (tell: () => void) => void): void {
  const own = Object.getOwnPropertyDescriptor(process, 'emit');
  const { emit } = process;
  const emitAsBefore = (args: readonly unknown[]): boolean => Reflect.apply(emit, process, args);
  const restore = (): void => {
    // Somebody may have put another in its place, which calls this one.
    if (process.emit !== catching) return;
    if (own === undefined) Reflect.deleteProperty(process, 'emit');
    else Object.defineProperty(process, 'emit', own);
  };
  let isCaught = false;
  const catching = (...args: readonly unknown[]): boolean => {
    if (isCaught || args[0] !== 'disconnect') return emitAsBefore(args);
    isCaught = true;
    restore();
    onCaught(() => emitAsBefore(args));
    return true;
  };
  Reflect.set(process, 'emit', catching);
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
