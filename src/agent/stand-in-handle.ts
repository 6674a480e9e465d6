// A handle that listens to nothing, in the place of a server's real one: while its `listen` is held, and when it has
// stopped accepting for good. So the server looks to the app as it would in plain Node: server.close(callback) calls
// back without an error, 'close' is emitted once and when the app asked for it, the event loop stays alive. (worker)

const FOR_EVER = 2 ** 31 - 1;

export class StandInHandle {
  /** Present where the real handle had an address. */
  readonly getsockname?: (out: object) => number;
  readonly #timer = setInterval(() => {}, FOR_EVER);
  readonly #onClose: () => void;

  constructor(address: object | null, onClose: () => void) {
    this.#onClose = onClose;
    if (address === null) return;
    this.getsockname = (out) => {
      Object.assign(out, address);
      return 0;
    };
  }

  close(callback?: () => void): void {
    clearInterval(this.#timer);
    this.#onClose();
    if (callback !== undefined) process.nextTick(callback);
  }

  ref(): void {
    this.#timer.ref();
  }

  unref(): void {
    this.#timer.unref();
  }

  hasRef(): boolean {
    return this.#timer.hasRef();
  }
}
