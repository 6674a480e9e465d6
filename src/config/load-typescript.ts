// Imports a TypeScript config, on every Node, without a compiler of the user's and without leaving files behind.
// (config loader)

import { createJiti } from 'jiti';

export function importTypeScript(file: string): Promise<unknown> {
  return createJiti(import.meta.filename, { fsCache: false, moduleCache: false }).import(file);
}
