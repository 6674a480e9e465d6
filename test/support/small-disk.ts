// A small disk of its own below a rig, to be filled.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { eventually } from './eventually.ts';
import type { Rig } from './rig.ts';

/** It takes the right to mount: root's on Linux. */
export const canMount = process.platform === 'linux' && process.getuid?.() === 0;

/** `options`: of a tmpfs, "size=1m,nr_inodes=50". Gone with the rig. */
export function mountDisk(rig: Rig, name: string, options: string): string {
  const folder = rig.path(name);
  mkdirSync(folder);
  run('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', folder);
  rig.defer(() =>
    eventually('the disk is free to go', () => spawnSync('umount', [folder]).status === 0).then(() => {}),
  );
  return folder;
}

/** To the last byte. */
export function fill(folder: string): void {
  for (let file = 0; statfsSync(folder).bfree > 0; file += 1) {
    try {
      writeFileSync(`${folder}/filler.${file}`, Buffer.alloc(statfsSync(folder).bfree * 4096));
    } catch {
      // What fitted was written.
    }
  }
}

/** To the last file that it can hold. */
export function fillWithFiles(folder: string): void {
  try {
    for (let file = 0; ; file += 1) writeFileSync(`${folder}/filler.${file}`, '');
  } catch {
    // That was the last one.
  }
}

export function free(folder: string): void {
  for (const name of readdirSync(folder)) if (name.startsWith('filler.')) rmSync(`${folder}/${name}`);
}

function run(command: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}
