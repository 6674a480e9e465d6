// The package as a program loads it: the built entry, with the types of its source.

import { fileURLToPath } from 'node:url';

/** What `import 'evenkeel'` gives. */
export async function importEvenkeel(): Promise<typeof import('../../src/index.ts')> {
  // The path is computed so that the compiler does not look for types beside the built file.
  return await import(fileURLToPath(new URL('../../dist/index.js', import.meta.url)));
}
