// A folder of examples/ in a rig, where it finds the package as if it were installed.

import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Rig } from './rig.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export function copyExample(rig: Rig, name: string): void {
  cpSync(`${ROOT}/examples/${name}`, rig.dir, {
    recursive: true,
    filter: (path) => !/\/(?:\.evenkeel|logs)$/.test(path),
  });
  rmSync(rig.path('node_modules'), { recursive: true, force: true });
  mkdirSync(rig.path('node_modules'));
  symlinkSync(ROOT, rig.path('node_modules/evenkeel'));
}
