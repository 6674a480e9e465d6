// Releases in folders of their own, and the link `current`, which leads to one of them.

import { renameSync, symlinkSync } from 'node:fs';
import { server } from './apps.ts';
import { freePort } from './free-port.ts';
import { createRig, type Rig } from './rig.ts';

/** Files for a rig: two empty releases. */
export const RELEASES = { 'releases/1/readme.txt': '', 'releases/2/readme.txt': '' };

/** As a deploy script does it: there is no moment without the link. */
export function release(rig: Rig, number: 1 | 2): void {
  symlinkSync(`releases/${number}`, rig.path('next'));
  renameSync(rig.path('next'), rig.path('current'));
}

/** An app of one worker that runs release 1, while `current` leads to release 2 by now. */
export async function startedRelease(): Promise<{ readonly rig: Rig; readonly port: number }> {
  const port = await freePort();
  const rig = await createRig({
    apps: { web: server('environment', port, { cwd: 'current', workers: 1 }) },
    files: RELEASES,
  });
  release(rig, 1);
  await rig.run('start');
  release(rig, 2);
  return { rig, port };
}
