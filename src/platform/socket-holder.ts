// Which process holds a port or a unix socket, where the system tells (Linux /proc); else null.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { fileStatus } from './file-status.ts';
import { HAS_PROC, readProcFile } from './proc-stat.ts';

export interface SocketHolder {
  readonly pid: number;
  /** The program's name, or the whole title of a process of ours: "python3", "evenkeel cluster web of shop". */
  readonly command: string;
  /** A manager, a cluster process, or a worker or a hook of one, with what those have started. */
  readonly ours: boolean;
}

/** A process that listens on this TCP port, on any address. */
export function portHolder(port: number): SocketHolder | null {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readTable(file) ?? '');
  return holderOf(tables.flatMap((table) => listeningInodes(table, port)));
}

/** Whether a process has bound this path, listening or not, as far as the system tells. */
export function isUnixBound(path: string): boolean {
  return boundUnixInodes(readTable('/proc/net/unix') ?? '', path).length > 0;
}

export function unixHolder(path: string): SocketHolder | null {
  return holderOf(boundUnixInodes(readTable('/proc/net/unix') ?? '', path));
}

/**
 * Whether this process has bound the unix socket of this path, by whatever name; listened on it is perhaps by another. A
 * process that may not be looked into has where somebody has, and the file is of its user. False where the system does not tell.
 */
export function hasBoundUnix(pid: number, path: string): boolean {
  const name = basename(path);
  const rows = boundUnixSockets(readTable('/proc/net/unix') ?? '').filter((row) => basename(row.path) === name);
  // node:cluster makes its paths relative, for they may not be long. Our processes are at the root.
  const folder = linkOf(`/proc/${pid}/cwd`) || '/';
  const inodes = rows.filter((row) => isSameFile(resolve(folder, row.path), path)).map(({ inode }) => inode);
  if (inodes.length === 0) return false;
  return opens(`${pid}`, wantedLinks(inodes)) ?? fileStatus(`/proc/${pid}`)?.uid === fileStatus(path)?.uid;
}

/** The same file, through other folders too. */
function isSameFile(one: string, other: string): boolean {
  const [a, b] = [fileStatus(one), fileStatus(other)];
  return a !== null && b !== null && a.dev === b.dev && a.ino === b.ino;
}

/** Columns: sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode; 0A is LISTEN. */
export function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return rows(table).flatMap((row) => {
    const [local, state, inode] = [row[1], row[3], row[9]];
    return local?.endsWith(suffix) && state === '0A' && inode !== undefined ? [inode] : [];
  });
}

/** Cluster processes are at the root, and node:cluster makes its paths relative to that. */
export function boundUnixInodes(table: string, path: string): string[] {
  const rows = boundUnixSockets(table).filter((row) => resolve('/', row.path) === path);
  return rows.map(({ inode }) => inode);
}

/**
 * Columns: Num RefCount Protocol Flags Type St Inode Path. Accepted connections (St 03) carry the path too. Paths are as their
 * processes have given them, relative ones too.
 */
export function boundUnixSockets(table: string): { readonly inode: string; readonly path: string }[] {
  const found = table.matchAll(/^\S+:(?: +\S+){4} +01 +(\d+) (.+)$/gm);
  return [...found].map(([, inode = '', path = '']) => ({ inode, path }));
}

function rows(table: string): string[][] {
  return table.split('\n').map((line) => line.trim().split(/\s+/));
}

function readTable(file: string): string | null {
  return HAS_PROC ? readProcFile(file) : null;
}

/** Looks through the open files of every process that we may look into. */
function holderOf(inodes: readonly string[]): SocketHolder | null {
  if (inodes.length === 0) return null;
  const wanted = wantedLinks(inodes);
  for (const entry of readdirSync('/proc')) {
    if (/^\d+$/.test(entry) && opens(entry, wanted) === true) return describe(entry);
  }
  return null;
}

function wantedLinks(inodes: readonly string[]): ReadonlySet<string> {
  return new Set(inodes.map((inode) => `socket:[${inode}]`));
}

/** null: another user's process, or one that has ended. */
function opens(pid: string, wanted: ReadonlySet<string>): boolean | null {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((fd) => wanted.has(linkOf(`${folder}/${fd}`)));
  } catch {
    return null;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function describe(pid: string): SocketHolder {
  const command = commandOf(pid);
  const ours = command.startsWith('evenkeel ') || /(?:^|\0)EVENKEEL_APP=/.test(textOf(`/proc/${pid}/environ`));
  return { pid: Number(pid), command, ours };
}

function commandOf(pid: string): string {
  // Newer versions of Node name their threads, and the process is called like its main thread.
  const name = textOf(`/proc/${pid}/comm`)
    .trim()
    .replace(/-MainThread$/, '');
  // Arguments of others may be nobody's business.
  const [first = ''] = textOf(`/proc/${pid}/cmdline`).split('\0');
  if (first.startsWith('evenkeel ')) return first;
  // The system cuts names to 15 characters.
  const whole = basename(first);
  return (whole.startsWith(name) ? whole : name) || 'unknown';
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
