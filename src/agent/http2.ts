// The app's HTTP/2 sessions: how many requests are on them, and how they are ended without losing one. (worker)
//
// GOAWAY tells a client which of its requests are still answered. So the first GOAWAY promises all of them ("open no
// more, but I take what is on its way"), a round trip later nothing is on its way any more, and the session closes.
//
// Over TLS there is only the last step: a request that is on its way then is refused with REFUSED_STREAM, by which the
// client knows that nobody has seen it and that it may ask again (RFC 9113, 8.7); browsers and most libraries do.

import type { Http2Server, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { isProbe } from './probe-socket.ts';
import { isTls } from './server-kind.ts';

/** How long a client may take to answer a ping or to close its end. */
const ROUND_TRIP = 1_000;
/**
 * A GOAWAY frame: length 8, type 7, no flags, stream 0; last stream 2^31-1, error 0 (NO_ERROR).
 *
 * `session.goaway(0, 2 ** 31 - 1)` would send the same bytes, but nghttp2 ignores every new stream once it has sent a
 * GOAWAY, whatever it promised; so the frame is written past it. Node writes whole frames: this one falls between two.
 * (Not over TLS: Node's TLS layer takes one write at a time, and a second one ends the process.)
 */
const GOAWAY_AFTER_ALL = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

interface Session {
  readonly session: ServerHttp2Session;
  readonly socket: Duplex;
}

export class Http2Sessions {
  readonly #open = new Set<Session>();
  readonly #onFinished: () => void;
  /** Called with each request, before the app sees it. */
  onStream: (stream: ServerHttp2Stream) => void = () => {};
  #streams = 0;
  #state: 'serving' | 'draining' = 'serving';

  constructor(onFinished: () => void) {
    this.#onFinished = onFinished;
  }

  /** Requests in flight. */
  get inFlight(): number {
    return this.#streams;
  }

  /** Follows the sessions of a server that does not listen yet. */
  watch(server: Http2Server): void {
    let accepted: Duplex | null = null;
    // The server makes its session of this socket before the next one comes.
    server.prependListener(isTls(server) ? 'secureConnection' : 'connection', (socket: Duplex) => {
      accepted = socket;
    });
    server.on('session', (session) => {
      if (accepted !== null && !isProbe(accepted)) this.#add({ session, socket: accepted });
      accepted = null;
    });
  }

  drain(): void {
    this.#state = 'draining';
    for (const open of this.#open) void sayGoodbye(open);
  }

  #add(open: Session): void {
    const { session, socket } = open;
    this.#open.add(open);
    socket.once('close', () => this.#open.delete(open));
    session.prependListener('stream', (stream: ServerHttp2Stream) => {
      this.#streams += 1;
      this.onStream(stream);
      stream.once('close', () => {
        this.#streams -= 1;
        this.#onFinished();
      });
    });
    if (this.#state === 'draining') void sayGoodbye(open);
  }
}

async function sayGoodbye(open: Session): Promise<void> {
  const { session, socket } = open;
  const isPlain = Reflect.get(socket, 'encrypted') !== true;
  // The promise may not come before the server's settings, which a new session has not sent yet.
  if (isPlain && session.pendingSettingsAck) await called((done) => session.once('localSettings', done));
  // Best said when a request has just come: the client waits for its response, and is not likely to send another one
  // meanwhile, which its library may refuse when it has read the GOAWAY.
  await called((done) => session.prependOnceListener('stream', done));
  if (isPlain && !session.destroyed && socket.writable) {
    socket.write(GOAWAY_AFTER_ALL);
    await called((done) => session.ping(done));
  }
  close(open);
}

function close({ session, socket }: Session): void {
  session.close();
  // A client that has no more use for the connection may still keep it. What was written must be out by then.
  const timer = setInterval(() => {
    if (session.destroyed && socket.writableFinished) socket.destroy();
  }, ROUND_TRIP);
  socket.once('close', () => clearInterval(timer));
}

/** Settles when `start` has called back, or else after ROUND_TRIP. */
function called(start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ROUND_TRIP);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    try {
      start(done);
    } catch {
      // The session ended meanwhile.
      done();
    }
  });
}
