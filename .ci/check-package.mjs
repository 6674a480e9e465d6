// What `npm pack` would publish is exactly what belongs there: the built programs with the chunks that they load, what
// programs of users load with its types, the schemas, and four files about them. No sources, no tests, nothing left of an earlier build.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path/posix';

const MAX_PACKED = 250_000;
const MAX_UNPACKED = 1_000_000;

const PROGRAMS = ['cli/main.cjs', 'manager/main.js', 'cluster/main.js', 'config/main.js', 'agent/main.cjs'];
/** What programs load, with its types. */
const PUBLIC = ['index', 'worker'];
const ABOUT = ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE'];

const schemas = readdirSync('schemas').map((file) => `schemas/${file}`);
const expected = new Set([...ABOUT, ...schemas, ...programFiles(), ...publicFiles(), ...typeFiles()]);
const [{ files, size, unpackedSize }] = JSON.parse(
  execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { stdio: ['ignore', 'pipe', 'inherit'] }),
);
const packed = new Set(files.map(({ path }) => path));

const faults = [
  ...[...packed].filter((path) => !expected.has(path)).map((path) => `${path} does not belong into the package`),
  ...[...expected].filter((path) => !packed.has(path)).map((path) => `${path} is missing`),
  ...(size > MAX_PACKED ? [`${size} bytes packed, more than ${MAX_PACKED}`] : []),
  ...(unpackedSize > MAX_UNPACKED ? [`${unpackedSize} bytes unpacked, more than ${MAX_UNPACKED}`] : []),
];
for (const fault of faults) console.error(fault);
console.log(`${packed.size} files, ${size} bytes packed, ${unpackedSize} unpacked`);
process.exitCode = faults.length === 0 ? 0 : 1;

/** The programs, and all that they import of the package. */
function programFiles() {
  const found = new Set(PROGRAMS.map((program) => `dist/${program}`));
  for (const file of found) {
    const imports = readFileSync(file, 'utf8').matchAll(/\b(?:from|import)\s*\(?\s*["'](\.[^"']+\.js)["']/g);
    for (const [, imported] of imports) found.add(join(file, '..', imported));
  }
  return found;
}

function publicFiles() {
  return PUBLIC.flatMap((name) => [`dist/${name}.js`, `dist/${name}.cjs`]);
}

/** The types of the public modules, and all that they lead to. */
function typeFiles() {
  const found = new Set(PUBLIC.map((name) => `dist/types/esm/${name}.d.ts`));
  for (const file of found) {
    for (const [, imported] of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)\.js'/g)) {
      found.add(join(file, '..', `${imported}.d.ts`));
    }
  }
  const common = [...found].map((file) => file.replace('/esm/', '/cjs/'));
  return [...found, ...common, 'dist/types/cjs/package.json'];
}
