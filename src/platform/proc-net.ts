// What Linux tells in /proc about sockets: whether one is listened on, which process has accepted a connection.

import { readlinkSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { endianness } from 'node:os';
import { HAS_PROC, parseProcStat, readProcFile } from './proc-stat.ts';
import { errorCode } from './system-error.ts';

/** A TCP connection to this machine, as its client sees it. */
export interface ClientEnd {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remotePort: number;
}

/** Of the socket behind a descriptor of ours; null where the system does not tell. */
export function inodeOf(fd: number): string | null {
  return HAS_PROC ? inodeIn(readlinkSync(`/proc/self/fd/${fd}`)) : null;
}

/** Whether listen(2) has been called on the socket behind a descriptor of ours; null where the system does not tell. */
export function isListening(fd: number): boolean | null {
  const inode = inodeOf(fd);
  if (inode === null) return null;
  const read = (name: string): string => readProcFile(`/proc/net/${name}`) ?? '';
  return isListeningIn({ tcp: read('tcp') + read('tcp6'), unix: read('unix') }, inode);
}

/**
 * TCP: the fourth field, the state, is 0A, and the tenth is the inode. Unix: the fourth, the flags, is 10000
 * (__SO_ACCEPTCON), and the seventh is the inode. Does not take the tables apart, which may be long.
 */
export function isListeningIn(tables: { readonly tcp: string; readonly unix: string }, inode: string): boolean {
  const tcp = new RegExp(`^ *\\S+ +\\S+ +\\S+ +0A(?: +\\S+){5} +${inode} `, 'm');
  const unix = new RegExp(`^\\S+: +\\S+ +\\S+ +00010000 +\\S+ +\\S+ +${inode}\\b`, 'm');
  return tcp.test(tables.tcp) || unix.test(tables.unix);
}

/** The inode of each connection's server end: "0" while no process has accepted it, null where there is none. */
export async function serverInodes(clients: readonly ClientEnd[]): Promise<readonly (string | null)[]> {
  const names = ['tcp', 'tcp6'] as const;
  const tables = await Promise.all(names.map((name) => readFile(`/proc/net/${name}`, 'latin1').catch(() => '')));
  return clients.map((client) => {
    const found = names.map((name, index) => serverInodeIn(tables[index] ?? '', hexEnds(client, name)));
    return found[0] ?? found[1] ?? null;
  });
}

/** `ends`: what `hexEnds` gives. Looks for the one row without taking the table apart, which may be long. */
export function serverInodeIn(table: string, ends: string): string | null {
  const at = table.indexOf(ends);
  if (at === -1) return null;
  const fields = table.slice(at, table.indexOf('\n', at)).trim().split(/\s+/);
  return fields[8] ?? null;
}

/** ":0BB8 0100007F:D431 01": the server's port, its client, and the state "established", as the kernel prints them. */
export function hexEnds({ localAddress, localPort, remotePort }: ClientEnd, table: 'tcp' | 'tcp6'): string {
  return `:${hexPort(remotePort)} ${hexAddress(localAddress, table)}:${hexPort(localPort)} 01`;
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

/** Words of four bytes, in the machine's order. IPv4 clients of an IPv6 socket are in its table. */
function hexAddress(address: string, table: 'tcp' | 'tcp6'): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  const bytes = plain.includes(':') ? ipv6Bytes(plain) : plain.split('.').map(Number);
  const mapped = table === 'tcp6' && bytes.length === 4 ? [...Array(10).fill(0), 0xff, 0xff, ...bytes] : bytes;
  const words = Array.from({ length: mapped.length / 4 }, (_, index) => mapped.slice(index * 4, index * 4 + 4));
  const ordered = words.flatMap((word) => (endianness() === 'LE' ? word.toReversed() : word));
  return ordered.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join('');
}

function ipv6Bytes(address: string): number[] {
  const [head = '', tail] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const groups = [...head];
  if (tail !== undefined) groups.push(...Array(8 - head.length - tail.length).fill('0'), ...tail);
  return groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]);
}

export interface SessionSockets {
  readonly inodes: ReadonlySet<string>;
  /** Some of its processes may not be looked into. */
  readonly hidden: boolean;
}

/** The sockets that the processes of a session have. A worker leads a session of its own. */
export async function socketsOfSession(session: number): Promise<SessionSockets> {
  const found = await Promise.all((await processesOf(session)).map(socketsOf));
  return { inodes: new Set(found.flatMap((inodes) => inodes ?? [])), hidden: found.includes(null) };
}

/** Whether a process of a session has an epoll that watches this socket. */
export async function sessionPolls(session: number, inode: string): Promise<boolean> {
  const polled = await Promise.all((await processesOf(session)).map(polledBy));
  return polled.flat().includes(inode);
}

/** Inodes of what a process's epolls watch. */
async function polledBy(pid: string): Promise<readonly string[]> {
  const folder = `/proc/${pid}/fdinfo`;
  const fds = await readdir(folder).catch(() => []);
  const texts = await Promise.all(fds.map((fd) => readFile(`${folder}/${fd}`, 'latin1').catch(() => '')));
  return texts.flatMap(polledInodes);
}

/** A line for each: "tfd: 3 events: 19 data: 3 pos:0 ino:5c4ca4 sdev:9", numbers in hexadecimal. */
export function polledInodes(fdinfo: string): readonly string[] {
  return [...fdinfo.matchAll(/^tfd:.* ino:([0-9a-f]+) /gm)].map(([, ino = '']) => `${Number.parseInt(ino, 16)}`);
}

async function processesOf(session: number): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')));
  return pids.filter((_, index) => parseProcStat(stats[index] ?? '')?.session === session);
}

/** null: its open files may not be looked at. */
async function socketsOf(pid: string): Promise<readonly string[] | null> {
  const folder = `/proc/${pid}/fd`;
  try {
    const fds = await readdir(folder);
    const links = await Promise.all(fds.map((fd) => readlink(`${folder}/${fd}`).catch(() => '')));
    return links.flatMap((link) => inodeIn(link) ?? []);
  } catch (error) {
    return errorCode(error) === 'EACCES' || errorCode(error) === 'EPERM' ? null : [];
  }
}

function inodeIn(link: string): string | null {
  return /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? null;
}
