// Probes from outside: a TCP connection or an HTTP request to an address that an app names. (cluster process)

import { connect } from 'node:net';
import type { ProbeAnswer } from './worker-link.ts';

export function probeTcp(host: string, port: number, timeout: number): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout });
    const end = (ok: boolean, detail: string): void => {
      socket.destroy();
      resolve({ ok, detail });
    };
    socket.once('connect', () => end(true, `${host}:${port} accepts connections`));
    socket.once('timeout', () => end(false, `${host}:${port} did not accept within ${timeout} ms`));
    socket.once('error', (error) => end(false, `${host}:${port}: ${error.message}`));
  });
}

/** `status` null: any below 400. */
export async function probeUrl(url: string, status: number | null, timeout: number): Promise<ProbeAnswer> {
  // Loaded when first needed: most apps are probed through their agents, and a cluster process stays small.
  const { request } = url.startsWith('https:') ? await import('node:https') : await import('node:http');
  return new Promise((resolve) => {
    const end = (ok: boolean, detail: string): void => resolve({ ok, detail: `GET ${url} ${detail}` });
    const signal = AbortSignal.timeout(timeout);
    const sent = request(url, { agent: false, signal, rejectUnauthorized: false }, (response) => {
      response.resume();
      const code = response.statusCode ?? 0;
      end(status === null ? code < 400 : code === status, `answered ${code}`);
    });
    sent.once('error', (error) => end(false, signal.aborted ? `did not answer within ${timeout} ms` : error.message));
    sent.end();
  });
}
