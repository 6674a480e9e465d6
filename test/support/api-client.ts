// Raw requests to the control API, as curl would send them.

import http from 'node:http';

export interface ApiRequest {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is; objects become JSON. */
  readonly body?: unknown;
}

export interface ApiAnswer<T> {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  readonly body: T;
}

/** The answer, whatever its status; the caller names the shape of a JSON body. */
export function askApi<T = unknown>(socketPath: string, request: ApiRequest): Promise<ApiAnswer<T>> {
  const { path, method = 'GET', headers = {}, body } = request;
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const outgoing = http.request({ socketPath, path, method, headers, agent: false, timeout: 60_000 });
    outgoing.on('error', reject);
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer`)));
    outgoing.on('response', (response) => {
      let received = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        received += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 0, headers: got } = response;
        resolve({ status: statusCode, headers: got, text: received, body: parse(received) as T });
      });
    });
    outgoing.end(text);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
