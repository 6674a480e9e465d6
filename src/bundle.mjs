// How sources become programs: each entry point as one CommonJS file, which starts quickest. Libraries that package.json
// lists as dependencies stay outside; others that are imported are built in.

import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';

const require = createRequire(import.meta.url);
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { dependencies } = require('../package.json');
/** The library that a file belongs to. */
const LIBRARY = /(?:^|.*\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//;

const SHARED = {
  absWorkingDir: ROOT,
  ...{ bundle: true, platform: 'node', target: 'node20', format: 'cjs', logLevel: 'warning' },
  external: Object.keys(dependencies),
  define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
};

/**
 * `entryPoints`: relative to the package, as `src/cli/main.ts`, which becomes `cli/main.cjs` in `outdir`. Returns the
 * names of the libraries that are built in.
 */
export async function bundle(entryPoints, outdir) {
  const { metafile } = await build({
    ...SHARED,
    ...{ entryPoints, outbase: 'src', outdir, outExtension: { '.js': '.cjs' }, metafile: true },
    plugins: [{ name: 'compiled schema', setup: useCompiledSchema }],
  });
  const libraries = Object.keys(metafile.inputs).flatMap((input) => LIBRARY.exec(input)?.[1] ?? []);
  return [...new Set(libraries)];
}

/** What ajv makes of the schema, instead of ajv. */
function useCompiledSchema({ onLoad }) {
  onLoad({ filter: /\/src\/config\/schema-validator\.ts$/ }, async ({ path }) => {
    const { ajv, validate } = await loadSource(path);
    const contents = `import { FORMAT_CHECKS } from './formats.ts';\n${standaloneCode(ajv, validate)}`;
    return { contents, loader: 'js', resolveDir: dirname(path) };
  });
}

/** What a TypeScript file exports. */
async function loadSource(file) {
  const { outputFiles } = await build({ ...SHARED, entryPoints: [file], packages: 'external', write: false });
  const module = { exports: {} };
  new Function('require', 'module', '__dirname', outputFiles[0].text)(require, module, dirname(file));
  return module.exports;
}
