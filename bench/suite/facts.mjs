// What the figures hold for: the machine, and the version of everything that took part.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wrkVersion } from '../measure/drive.mjs';

const MODULES = fileURLToPath(new URL('../node_modules', import.meta.url));

export function machineFacts() {
  const [cpu] = os.cpus();
  return [
    ['CPU', `${os.availableParallelism()} cores, ${cpu.model.trim()}`],
    ['memory', `${Math.round(os.totalmem() / 2 ** 30)} GB`],
    ['system', `${os.type()} ${os.release().split('.').slice(0, 2).join('.')}`],
  ];
}

export async function versionFacts(node) {
  return [
    ['Node', execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()],
    ['evenkeel', JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version],
    ['PM2', versionOf('pm2')],
    ['wattpm', versionOf('wattpm') ?? 'not on this version of Node'],
    ['wrk', await wrkVersion().catch((error) => error.message)],
  ];
}

function versionOf(name) {
  try {
    return JSON.parse(readFileSync(join(MODULES, name, 'package.json'), 'utf8')).version;
  } catch {
    return null;
  }
}
