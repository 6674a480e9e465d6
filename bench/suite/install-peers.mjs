// Puts what the benchmarks compare with into bench/node_modules, unless it is there.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BENCH = fileURLToPath(new URL('..', import.meta.url));

export function installPeers() {
  if (isInstalled()) return;
  console.log('npm ci in bench/');
  execFileSync('npm', ['ci'], { cwd: BENCH, stdio: 'inherit' });
}

/** What is optional needs a newer Node; npm leaves it out on an older one. */
function isInstalled() {
  const { dependencies } = JSON.parse(readFileSync(join(BENCH, 'package.json'), 'utf8'));
  return Object.entries(dependencies).every(([name, version]) => {
    const file = join(BENCH, 'node_modules', name, 'package.json');
    return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version === version;
  });
}
