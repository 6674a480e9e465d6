// Types of load.mjs.

export interface LoadOptions {
  /** This, or `socketPath`. */
  readonly port?: number;
  /** Of a unix socket. */
  readonly socketPath?: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default `/`. */
  readonly path?: string;
  /** Concurrent clients; default 8. */
  readonly clients?: number;
  /** Milliseconds that each client waits between an answer and its next request; default 0. */
  readonly pause?: number;
  /** `close`: a new connection for each request. Default `keep-alive`. */
  readonly mode?: 'keep-alive' | 'close';
  /** Milliseconds without a byte after which a request has failed; default 30,000. */
  readonly timeout?: number;
  /** Gives the version that a body names, throws where the body is not what it should be. */
  readonly check?: (body: string) => string;
}

export interface LoadReport {
  readonly answered: number;
  readonly failed: number;
  /** Requests on a connection that had carried one before. */
  readonly reused: number;
  /** Answers per version. */
  readonly versions: Readonly<Record<string, number>>;
  /** Failures per cause: `ECONNRESET`, `status 503`, `the answer ended early`. */
  readonly errors: Readonly<Record<string, number>>;
  /** The first 20 failures. */
  readonly failures: readonly LoadFailure[];
  readonly durationMs: number;
  readonly perSecond: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

export interface LoadFailure {
  readonly time: string;
  readonly error: string;
  /** It happened on a connection that had carried a request before. */
  readonly reused: boolean;
  /** From the request to its failure. */
  readonly milliseconds: number;
}

export interface Load {
  report(): LoadReport;
  lap(): LoadReport;
  more(count: number): Promise<void>;
  sees(version: string | number): Promise<void>;
  stop(): Promise<LoadReport>;
}

export function startLoad(options: LoadOptions): Load;
export function versionOf(body: string): string;
