// A connection without a network: two duplex streams, what is written to one can be read from the other. To the app it
// looks like a connection from this machine. (worker)

import { Duplex } from 'node:stream';

const ADDRESS = {
  ...{ remoteAddress: '127.0.0.1', remoteFamily: 'IPv4', remotePort: 1 },
  ...{ localAddress: '127.0.0.1', localFamily: 'IPv4', localPort: 1 },
};

/** TLS sockets over a probe's connection. */
const encrypted = new WeakSet<object>();

export class ProbeSocket extends Duplex {
  #peer: ProbeSocket | null = null;
  /** Called when the peer has read what was written last. */
  #onRead: (() => void) | null = null;

  constructor() {
    super();
    Object.assign(this, ADDRESS);
  }

  static pair(): readonly [ProbeSocket, ProbeSocket] {
    const one = new ProbeSocket();
    const other = new ProbeSocket();
    one.#peer = other;
    other.#peer = one;
    return [one, other];
  }

  override _read(): void {
    const onRead = this.#onRead;
    this.#onRead = null;
    onRead?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    const peer = this.#peer;
    if (peer === null || peer.destroyed) return callback();
    peer.#onRead = callback;
    peer.push(chunk);
  }

  override _final(callback: () => void): void {
    this.#peer?.push(null);
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    // The other end of a connection sees its end, not its error.
    const peer = this.#peer;
    if (peer !== null && !peer.destroyed && !peer.readableEnded) process.nextTick(() => peer.destroy());
    this.#onRead?.();
    callback(error);
  }

  // What servers call on a network socket; none of it means anything here.
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  address(): object {
    return { address: ADDRESS.localAddress, family: ADDRESS.localFamily, port: ADDRESS.localPort };
  }
  destroySoon(): void {
    this.end(() => this.destroy());
  }
}

/** The connection is a probe's: it does not count. */
export function isProbe(socket: object): boolean {
  return socket instanceof ProbeSocket || encrypted.has(socket);
}

/** For a TLS socket whose handshake is done. True: it is a probe's, and from now on looks like one. */
export function markProbe(socket: object): boolean {
  const below = at(at(at(socket, '_handle'), '_parentWrap'), 'stream');
  if (!(below instanceof ProbeSocket)) return false;
  encrypted.add(socket);
  for (const [name, value] of Object.entries(ADDRESS)) Object.defineProperty(socket, name, { value });
  return true;
}

function at(value: unknown, name: string): unknown {
  return value instanceof Object ? Reflect.get(value, name) : undefined;
}
