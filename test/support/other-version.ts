// This evenkeel as a package of its own that differs a little: in its version, which an upgrade has to do with, or in its
// clock.

import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fixture, type Rig } from './rig.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LINK = /^var (OLDEST_)?LINK_VERSION = 1;$/gm;

const PROGRAMS = ['manager', 'cluster'];

/** The path of its CLI. `link`: the one version of the link between manager and cluster process that it speaks. */
export function installVersion(rig: Rig, version: string, link = 1): string {
  return install(rig, version, (code, file) => speak(code, link, file));
}

/** The path of a CLI whose manager and cluster processes are off the system's time by what `file` holds, in milliseconds. */
export function installWithClock(rig: Rig, file: string): string {
  const useClock = `require(${JSON.stringify(fixture('set-clock.cjs'))})(${JSON.stringify(file)});`;
  return install(rig, '0.0.1', (code) => `${useClock}\n${code}`);
}

function install(rig: Rig, version: string, change: (code: string, file: string) => string): string {
  const folder = rig.path(`evenkeel-${version}`);
  for (const part of ['dist', 'schemas']) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  const description = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...description, version }));
  for (const program of PROGRAMS) {
    const file = join(folder, 'dist', program, 'main.cjs');
    writeFileSync(file, change(readFileSync(file, 'utf8'), file));
  }
  return join(folder, 'dist/cli/main.cjs');
}

function speak(code: string, link: number, file: string): string {
  if (code.match(LINK)?.length !== 2) throw new Error(`${file} does not say which versions of the link it speaks`);
  return code.replaceAll(LINK, (_line, oldest = '') => `var ${oldest}LINK_VERSION = ${link};`);
}
