// How sources become programs: each entry point as one CommonJS file, which starts quickest. Libraries stay outside.

import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';

const require = createRequire(import.meta.url);
const ROOT = fileURLToPath(new URL('..', import.meta.url));

const SHARED = {
  absWorkingDir: ROOT,
  ...{ bundle: true, platform: 'node', target: 'node20', format: 'cjs', packages: 'external', logLevel: 'warning' },
  define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
};

/** `entryPoints`: relative to the package, as `src/cli/main.ts`, which becomes `cli/main.cjs` in `outdir`. */
export async function bundle(entryPoints, outdir) {
  await build({
    ...SHARED,
    ...{ entryPoints, outbase: 'src', outdir, outExtension: { '.js': '.cjs' } },
    plugins: [{ name: 'compiled schema', setup: useCompiledSchema }],
  });
}

/** What ajv makes of the schema, instead of ajv. */
function useCompiledSchema({ onLoad, onResolve }) {
  onLoad({ filter: /\/src\/config\/schema-validator\.ts$/ }, async ({ path }) => {
    const { ajv, validate } = await loadSource(path);
    const contents = `import { FORMAT_CHECKS } from './formats.ts';\n${standaloneCode(ajv, validate)}`;
    return { contents, loader: 'js', resolveDir: dirname(path) };
  });
  // The few lines that this code needs of ajv are built in.
  onResolve({ filter: /^ajv\/dist\/runtime\// }, ({ path }) => ({ path: require.resolve(path) }));
}

/** What a TypeScript file exports. */
async function loadSource(file) {
  const { outputFiles } = await build({ ...SHARED, entryPoints: [file], write: false });
  const module = { exports: {} };
  new Function('require', 'module', '__dirname', outputFiles[0].text)(require, module, dirname(file));
  return module.exports;
}
