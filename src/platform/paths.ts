// Where everything lies in a state directory, and the short stand-in for a socket path that unix would not take.

import { createHash } from 'node:crypto';
import { join } from 'node:path';

export interface AppLayout {
  readonly dir: string;
  /** Manager to cluster process. */
  readonly socket: string;
  /** Orphaned workers to the next cluster process. */
  readonly agentsSocket: string;
  /** What the cluster process remembers. */
  readonly stateFile: string;
}

export interface StateLayout {
  readonly dir: string;
  readonly managerSocket: string;
  readonly managerPid: string;
  readonly managerLock: string;
  readonly stateFile: string;
  /** The manager's events, NDJSON, rotated. */
  readonly managerLog: string;
  /** Stdout and stderr of the manager itself. */
  readonly managerOut: string;
  /** Holds one directory per app. */
  readonly apps: string;
  app(name: string): AppLayout;
}

/**
 * The paths in an absolute state directory; creates nothing. A socket may lie elsewhere (see socketPath): call
 * `ensurePrivateDir(dirname(socket))` before listening on it.
 */
export function stateLayout(stateDir: string): StateLayout {
  const apps = join(stateDir, 'apps');
  return {
    dir: stateDir,
    managerSocket: socketPath(join(stateDir, 'manager.sock')),
    managerPid: join(stateDir, 'manager.pid'),
    managerLock: join(stateDir, 'manager.lock'),
    stateFile: join(stateDir, 'state.json'),
    managerLog: join(stateDir, 'manager.log'),
    managerOut: join(stateDir, 'manager.out'),
    apps,
    app: (name) => appLayout(join(apps, name)),
  };
}

function appLayout(dir: string): AppLayout {
  return {
    dir,
    socket: socketPath(join(dir, 'cluster.sock')),
    agentsSocket: socketPath(join(dir, 'agents.sock')),
    stateFile: join(dir, 'cluster.json'),
  };
}

const RUNTIME_DIR = '/tmp';

export interface SocketPathRules {
  readonly uid: number;
  /** The parent of the user's own directory of short paths. */
  readonly runtimeDir: string;
  /** The longest path that unix takes, in bytes. */
  readonly limit: number;
}

/**
 * The path itself where it fits into a unix address, else a short one derived from it, in a directory of the user's own.
 * By default below /tmp and not below XDG_RUNTIME_DIR or TMPDIR: a login shell, an ssh session and a cron job have
 * different ones but must find the same manager, and the runtime directory is emptied when the user logs out.
 */
export function socketPath(path: string, rules: SocketPathRules = systemRules()): string {
  if (Buffer.byteLength(path) <= rules.limit) return path;
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 32);
  return join(rules.runtimeDir, `evenkeel-${rules.uid}`, `${hash}.sock`);
}

/**
 * Where orphaned workers of another user find the next cluster process: they may not enter the state directory. In a
 * directory that anybody may go through and only we may write to (ensurePassableDir).
 */
export function agentsSocketFor(agentsSocket: string, uid: number): string {
  const hash = createHash('sha256').update(agentsSocket).digest('hex').slice(0, 32);
  return join(process.platform === 'linux' ? '/run' : '/var/run', 'evenkeel', `${hash}-${uid}.sock`);
}

function systemRules(): SocketPathRules {
  return { uid: userId(), runtimeDir: RUNTIME_DIR, limit: socketPathLimit(process.platform) };
}

/** The user's own directory for what must be found without the state directory. It may not exist. */
export function userDir(): string {
  return join(RUNTIME_DIR, `evenkeel-${userId()}`);
}

function userId(): number {
  return process.getuid?.() ?? 0;
}

/** sun_path is 108 bytes on Linux and 104 elsewhere, with a byte for the terminator. */
export function socketPathLimit(platform: NodeJS.Platform): number {
  return platform === 'linux' ? 107 : 103;
}
