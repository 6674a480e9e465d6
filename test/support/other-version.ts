// This evenkeel under the name of another version, as a package of its own: what an upgrade has to do with.

import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Rig } from './rig.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LINK = /^var (OLDEST_)?LINK_VERSION = 1;$/gm;

/** The path of its CLI. `link`: the one version of the link between manager and cluster process that it speaks. */
export function installVersion(rig: Rig, version: string, link = 1): string {
  const folder = rig.path(`evenkeel-${version}`);
  for (const part of ['dist', 'schemas']) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  const description = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...description, version }));
  for (const program of ['manager', 'cluster']) speak(join(folder, 'dist', program, 'main.cjs'), link);
  return join(folder, 'dist/cli/main.cjs');
}

function speak(file: string, link: number): void {
  const code = readFileSync(file, 'utf8');
  const changed = code.replaceAll(LINK, (_line, oldest = '') => `var ${oldest}LINK_VERSION = ${link};`);
  if (code.match(LINK)?.length !== 2) throw new Error(`${file} does not say which versions of the link it speaks`);
  writeFileSync(file, changed);
}
