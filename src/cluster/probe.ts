// Probes from outside: a TCP connection or an HTTP request to an address that an app names. (cluster process)

import { connect, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { humanDuration } from '../core/human-duration.ts';
import { shownUrl } from '../core/shown-url.ts';
import type { Milliseconds } from '../core/spec.ts';
import { portOfUrl, type Taken, whoTook } from './shared-port.ts';
import type { ProbeAnswer } from './worker-link.ts';

/** The one worker whose answer counts, where others accept on the same port. */
export interface Asked {
  readonly pid: number;
  /** Connections at once: the more, the likelier that one becomes this worker's, and not all the quickest one's. */
  readonly attempts: number;
  /** How long they may wait until somebody accepts. */
  readonly patience: Milliseconds;
  readonly signal: AbortSignal;
}

/** Of `attempts`. */
export const MOST_ATTEMPTS = 4;

/** `by`: who answered; `anyone` where no worker in particular was asked. */
export type PortAnswer = ProbeAnswer & { readonly by: Taken['by'] | 'anyone' };

/** `asked` null: whoever accepts will do. `timeout`: for the connection. */
export function probeTcp(host: string, port: number, asked: Asked | null, timeout: Milliseconds): Promise<PortAnswer> {
  return onConnection({ host, port, timeout }, asked, async () => ({ ok: true, detail: 'accepts connections' }));
}

/** `status` null: any below 400. `timeout`: for the connection, and then for the answer. */
export function probeUrl(
  url: string,
  status: number | null,
  asked: Asked | null,
  timeout: Milliseconds,
): Promise<PortAnswer> {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const place = { host, port: portOfUrl(url), timeout };
  return onConnection(place, asked, (socket) => get(url, status, socket, timeout));
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly timeout: Milliseconds;
}

/** Another worker's answer is not asked for: it would prove nothing, and be work for nothing. */
async function onConnection(
  place: Place,
  asked: Asked | null,
  ask: (connection: Socket) => Promise<ProbeAnswer>,
): Promise<PortAnswer> {
  const at = `${place.host}:${place.port}`;
  const outcomes = await Promise.all(Array.from({ length: asked?.attempts ?? 1 }, () => connectTo(place)));
  const connections = outcomes.flatMap((outcome) => (outcome instanceof Error ? [] : [outcome]));
  const [first] = connections;
  try {
    if (first === undefined) return { ok: false, detail: `${at}: ${outcomes.find(isError)?.message}`, by: 'anyone' };
    if (asked === null) return describe(at, 'anyone', await ask(first));
    // No descriptor is left to look with, say: that is tried again.
    const taken: Taken = await whoTook(connections, asked.pid, asked.patience, asked.signal).catch(() => ({
      by: 'nobody',
    }));
    if (taken.by === 'worker') {
      for (const other of connections) if (other !== taken.connection) other.destroy();
      return describe(at, taken.by, await ask(taken.connection));
    }
    if (taken.by === 'unseen') return describe(at, taken.by, await ask(first));
    return { ok: false, detail: `${at}: the worker does not accept`, by: taken.by };
  } finally {
    for (const connection of connections) connection.destroy();
  }
}

function describe(at: string, by: PortAnswer['by'], { ok, detail }: ProbeAnswer): PortAnswer {
  return { ok, detail: detail.startsWith('GET ') ? detail : `${at} ${detail}`, by };
}

function isError(outcome: Socket | Error): outcome is Error {
  return outcome instanceof Error;
}

function connectTo({ host, port, timeout }: Place): Promise<Socket | Error> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const timer = setTimeout(() => end(new Error(`did not accept within ${humanDuration(timeout)}`)), timeout);
    const end = (outcome: Socket | Error): void => {
      clearTimeout(timer);
      if (outcome instanceof Error) socket.destroy();
      resolve(outcome);
    };
    socket.once('connect', () => end(socket));
    // Stays for good: what breaks later shows in what is done with it.
    socket.on('error', end);
  });
}

async function get(url: string, status: number | null, socket: Socket, timeout: Milliseconds): Promise<ProbeAnswer> {
  // Loaded when first needed: most apps are probed through their agents, and a cluster process stays small.
  const { request } = await import('node:http');
  const stream = url.startsWith('https:') ? await encrypted(url, socket) : socket;
  return new Promise((resolve) => {
    const end = (ok: boolean, detail: string): void => resolve({ ok, detail: `GET ${shownUrl(url)} ${detail}` });
    const signal = AbortSignal.timeout(timeout);
    const { pathname, search, host } = new URL(url);
    const headers = { host, connection: 'close', 'user-agent': 'evenkeel' };
    const options = { path: `${pathname}${search}`, headers, signal, createConnection: () => stream };
    const sent = request(options, (response) => {
      response.resume();
      const code = response.statusCode ?? 0;
      end(status === null ? code < 400 : code === status, `answered ${code}`);
    });
    // Stays for good: the connection is cut when the status is known.
    sent.on('error', (error) =>
      end(false, signal.aborted ? `did not answer within ${humanDuration(timeout)}` : error.message),
    );
    sent.end();
  });
}

/** What is asked is whether it serves, not whether its certificate is one for this name. */
async function encrypted(url: string, socket: Socket): Promise<Duplex> {
  const { connect: connectTls } = await import('node:tls');
  const { hostname } = new URL(url);
  const name = isIP(hostname) === 0 && !hostname.startsWith('[') ? { servername: hostname } : {};
  return connectTls({ socket, ...name, rejectUnauthorized: false });
}
