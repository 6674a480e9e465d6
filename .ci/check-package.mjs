// What `npm pack` would publish is exactly what belongs there: the built programs, what programs of users
// load with its types, the schemas, and what is said about them. No sources, no tests, nothing left of an earlier build.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path/posix';

const MAX_PACKED = 500_000;
const MAX_UNPACKED = 2_000_000;

const PROGRAMS = ['cli', 'manager', 'cluster', 'config', 'agent'];
/** What programs load, with its types. */
const PUBLIC = ['index', 'worker'];
const ABOUT = ['package.json', 'README.md', 'SECURITY.md', 'CHANGELOG.md', 'LICENSE', 'dist/LICENSES.txt'];

const schemas = readdirSync('schemas').map((file) => `schemas/${file}`);
const docs = readdirSync('docs').flatMap((file) => (file.endsWith('.md') ? [`docs/${file}`] : []));
const programs = PROGRAMS.map((name) => `dist/${name}/main.cjs`);
const expected = new Set([...ABOUT, ...schemas, ...docs, ...programs, ...publicFiles(), ...typeFiles()]);
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
