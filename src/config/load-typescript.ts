// Imports a TypeScript config, on every Node, without a compiler of the user's and without leaving files behind.
// (config loader)

import { createJiti } from 'jiti';

export function importTypeScript(file: string): Promise<unknown> {
  return createJiti(import.meta.url, { fsCache: false, moduleCache: false }).import(file);
}
