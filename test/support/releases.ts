// Releases in folders of their own, and the link `current`, which leads to one of them.

import { renameSync, symlinkSync } from 'node:fs';
import type { Rig } from './rig.ts';

/** Files for a rig: two empty releases. */
export const RELEASES = { 'releases/1/readme.txt': '', 'releases/2/readme.txt': '' };

/** As a deploy script does it: there is no moment without the link. */
export function release(rig: Rig, number: 1 | 2): void {
  symlinkSync(`releases/${number}`, rig.path('next'));
  renameSync(rig.path('next'), rig.path('current'));
}
