// Which TCP sockets a process has, where the system tells (Linux).

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Local addresses of the TCP sockets that a process has. */
export function tcpSocketsOf(pid: number): readonly string[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return '';
      }
    }),
  );
  const lines = ['tcp', 'tcp6'].flatMap((kind) => readFileSync(`/proc/net/${kind}`, 'utf8').split('\n').slice(1));
  return lines.flatMap((line) => {
    const [, local = '', , , , , , , , inode = ''] = line.trim().split(/\s+/);
    return inodes.has(`socket:[${inode}]`) ? [local] : [];
  });
}
