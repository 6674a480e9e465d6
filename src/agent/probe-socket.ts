// A connection without a network: two duplex streams, what is written to one can be read from the other. To the app it
// looks like a connection from this machine. (worker)

import { Duplex } from 'node:stream';

export class ProbeSocket extends Duplex {
  readonly remoteAddress = '127.0.0.1';
  readonly remoteFamily = 'IPv4';
  readonly remotePort = 1;
  readonly localAddress = '127.0.0.1';
  readonly localFamily = 'IPv4';
  readonly localPort = 1;
  #peer: ProbeSocket | null = null;
  /** Called when the peer has read what was written last. */
  #onRead: (() => void) | null = null;

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
    return { address: this.localAddress, family: this.localFamily, port: this.localPort };
  }
  destroySoon(): void {
    this.end(() => this.destroy());
  }
}
