// Builds `dist`: our programs, what programs of users load (`evenkeel` and `evenkeel/worker`), and its types.

import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { bundle } from './bundle.mjs';

const PROGRAMS = ['cli', 'manager', 'cluster', 'config', 'agent'].map((name) => `src/${name}/main.ts`);
const ENTRIES = ['index', 'worker'];
const TYPES = 'dist/types';
const ESM = join(TYPES, 'esm');
const CJS = join(TYPES, 'cjs');
/** Of another file, in a declaration: sources are named .ts there, which is not what is published. */
const IMPORT = /((?:from|import\()\s*')(\.[^']+)\.ts'/g;
const require = createRequire(import.meta.url);

const builtIn = await bundle([...PROGRAMS, ...ENTRIES.map((name) => `src/${name}.ts`)], 'dist');
writeLicenses();
writeEntries();
writeTypes();

/** Of the libraries that are built in: whoever passes them on passes their licences on. */
function writeLicenses() {
  const texts = builtIn.map((name) => `${name}\n\n${readFileSync(`node_modules/${name}/LICENSE`, 'utf8').trim()}\n`);
  writeFileSync('dist/LICENSES.txt', texts.join('\n---\n\n'));
}

/** An ES module that passes the CommonJS one on, so that both worlds have one and the same. */
function writeEntries() {
  for (const entry of ENTRIES) {
    const names = Object.keys(require(`../dist/${entry}.cjs`));
    writeFileSync(`dist/${entry}.js`, `export { ${names.join(', ')} } from './${entry}.cjs';\n`);
  }
}

function writeTypes() {
  rmSync(TYPES, { recursive: true, force: true });
  const tsc = [require.resolve('typescript/bin/tsc'), '--project', 'src/tsconfig.types.json', '--outDir', ESM];
  if (spawnSync(process.execPath, tsc, { stdio: ['ignore', 2, 2] }).status !== 0) process.exit(1);

  // tsc writes the types of everything that is compiled; those are kept that the entries lead to.
  const kept = new Set(ENTRIES.map((entry) => `${entry}.d.ts`));
  for (const file of kept) {
    const path = join(ESM, file);
    const text = readFileSync(path, 'utf8');
    for (const [, , imported] of text.matchAll(IMPORT)) kept.add(join(file, '..', `${imported}.d.ts`));
    writeFileSync(path, text.replace(IMPORT, "$1$2.js'"));
  }
  for (const file of readdirSync(ESM, { recursive: true, encoding: 'utf8' })) {
    if (file.endsWith('.ts') && !kept.has(file)) rmSync(join(ESM, file));
  }

  // For `require` under `moduleResolution: node16`, which takes what a package of ES modules says for ES modules.
  cpSync(ESM, CJS, { recursive: true });
  writeFileSync(join(CJS, 'package.json'), '{ "type": "commonjs" }\n');
}
