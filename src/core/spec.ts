// The resolved description of an ecosystem: what the config loader prints and every other process works from.
// Plain JSON data: complete (defaults applied), absolute (paths), and frozen. User config is a different type.

/** A length of time in milliseconds. */
export type Milliseconds = number;
/** A number of bytes. */
export type Bytes = number;

/** More of one app on one machine can only be a slip. The schema says so too. */
export const MAX_WORKERS = 1024;

export const DEPLOY_SIGNALS = ['SIGUSR1', 'SIGUSR2', 'SIGHUP'] as const;
export type DeploySignal = (typeof DEPLOY_SIGNALS)[number];

/** An ecosystem: one config file and the apps it describes. */
export interface EcosystemSpec {
  /** Absolute path of the config file. */
  readonly file: string;
  readonly name: string;
  /** Absolute path; holds sockets, state and the manager's log. */
  readonly stateDir: string;
  readonly profile: string | null;
  /** Deploys all apps when the manager gets it; null: none does. */
  readonly deploySignal: DeploySignal | null;
  /** In the order of the file. */
  readonly apps: readonly AppSpec[];
  /** What in the file may be a slip, for people; absent: nothing. */
  readonly notices?: readonly string[];
}

/**
 * One app. Its keys mirror the config's, so that a difference between two specs has the key path a user knows
 * (`env.PORT`, `restart.limit`); `envFile` and `inheritEnv` have no key here: they are part of `env`.
 */
export interface AppSpec {
  readonly name: string;
  /** Absolute path of a Node program as written (symlinks unresolved); null where `command` is set. */
  readonly script: string | null;
  /** Another program: argv, never through a shell; null where `script` is set. */
  readonly command: readonly string[] | null;
  readonly args: readonly string[];
  readonly node: { readonly bin: string; readonly args: readonly string[] };
  /** Absolute path as written (symlinks unresolved). */
  readonly cwd: string;
  readonly workers: number;
  /** The worker's whole environment, except for the variables of the worker protocol. */
  readonly env: Readonly<Record<string, string>>;
  readonly listen: readonly ListenAddress[];
  readonly balance: 'shared' | 'round-robin';
  readonly ready: Readiness;
  readonly health: HealthSpec | null;
  readonly stop: StopSpec;
  readonly restart: RestartSpec;
  readonly deploy: DeploySpec;
  readonly hooks: HooksSpec;
  readonly logs: LogSpec;
  /** "user" or "user:group", names or numeric ids, for workers and hooks; null: the manager's own. */
  readonly user: string | null;
  readonly dependsOn: readonly string[];
}

/** A socket that the manager holds. `host` null: every interface, IPv6 and IPv4. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string | null; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** What makes a worker ready; it fails when that has not come to pass `timeout` after its start. */
export type Readiness = { readonly timeout: Milliseconds } & (
  | { readonly on: 'listening' }
  | { readonly on: 'message' }
  /** `url`: a path (asked of this very worker, privately) or a whole http URL. `status` null: any below 400. */
  | { readonly on: 'http'; readonly url: string; readonly status: number | null }
  | { readonly on: 'tcp'; readonly host: string; readonly port: number }
  /** `pattern`: a regular expression that one line of the worker's output must match. */
  | { readonly on: 'log'; readonly pattern: string }
  | { readonly on: 'delay'; readonly delay: Milliseconds }
);

export interface HealthSpec {
  /** A path (asked of each worker, privately) or a whole http URL. */
  readonly http: string;
  readonly interval: Milliseconds;
  readonly timeout: Milliseconds;
  /** So many failures in a row replace the worker, gracefully. */
  readonly failures: number;
}

export interface StopSpec {
  readonly signal: string;
  /** From the start of the drain to SIGKILL. */
  readonly timeout: Milliseconds;
}

export interface RestartSpec {
  readonly minDelay: Milliseconds;
  readonly maxDelay: Milliseconds;
  /** A worker that lived this long starts with a clean record. */
  readonly resetAfter: Milliseconds;
  /** Give up after so many quick failures in a row; 0: never. */
  readonly limit: number;
  readonly onUncaught: 'exit' | 'replace';
  readonly memory: Bytes | null;
  /** A cron pattern. */
  readonly schedule: string | null;
}

export interface DeploySpec {
  readonly strategy: 'all-at-once' | 'rolling' | 'handover' | 'replace';
  /** Workers replaced at a time by `rolling`. */
  readonly batch: number;
  readonly settle: Milliseconds;
  readonly timeout: Milliseconds;
  readonly before: readonly Hook[];
  readonly after: readonly Hook[];
}

export interface HooksSpec {
  readonly beforeFork: readonly Hook[];
}

export type Hook =
  | { readonly kind: 'command'; readonly argv: readonly string[] }
  /** Absolute path of a module whose default export is called. */
  | { readonly kind: 'module'; readonly file: string };

export interface LogSpec {
  readonly stdout: LogTarget;
  readonly stderr: LogTarget;
  readonly maxSize: Bytes | null;
  /** A cron pattern: rotate then, besides by size. */
  readonly schedule: string | null;
  /** Rotated files kept for each stream. */
  readonly keep: number;
  readonly compress: boolean;
  /** Put an ISO time before each line. */
  readonly timestamps: boolean;
  /** Workers that write faster than the log takes it: they wait, or what comes meanwhile is dropped and counted. */
  readonly onSlow: 'wait' | 'drop';
}

export type LogTarget =
  | { readonly kind: 'file'; readonly path: string }
  /** The manager's own stream. */
  | { readonly kind: 'inherit' }
  | { readonly kind: 'off' };

/** Whether the app is asked over a private connection, while it is held and before it listens. */
export function isProbedAtGate(ready: Readiness): boolean {
  return ready.on === 'http' && ready.url.startsWith('/');
}

/** The text a user would write for an address; equal addresses have equal texts. */
export function formatAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return address.path;
  if (address.host === null) return `${address.port}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
