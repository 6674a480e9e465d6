// Fixes what a generation runs: the folder and the script with every symlink resolved at this moment.
// (cluster process)

import { access, realpath } from 'node:fs/promises';
import type { AppSpec } from '../core/spec.ts';
import type { Generation } from '../core/status.ts';
import type { PinnedSpec } from '../protocol/cluster-link.ts';

export type Pinning =
  | { readonly ok: true; readonly pinned: PinnedSpec }
  | { readonly ok: false; readonly reason: string };

/** `paths`: those of an earlier generation, for a rollback. */
export async function pinSpec(
  spec: AppSpec,
  generation: Generation,
  paths: Pick<PinnedSpec, 'realCwd' | 'realScript'> | null,
): Promise<Pinning> {
  try {
    const realCwd = await realpath(paths?.realCwd ?? spec.cwd);
    const script = paths?.realScript ?? spec.script;
    const realScript = script === null ? null : await resolveScript(script);
    return { ok: true, pinned: { generation, spec, realCwd, realScript } };
  } catch (error) {
    return { ok: false, reason: describe(error) };
  }
}

/** A script may be written without its extension, as node allows. */
async function resolveScript(script: string): Promise<string> {
  try {
    return await realpath(script);
  } catch (error) {
    for (const extension of ['.js', '.cjs', '.mjs']) {
      const found = await access(script + extension).then(
        () => true,
        () => false,
      );
      if (found) return realpath(script + extension);
    }
    throw error;
  }
}

function describe(error: unknown): string {
  if (error instanceof Error && 'path' in error && 'code' in error) {
    return error.code === 'ENOENT' ? `${error.path} does not exist` : `${error.path}: ${error.message}`;
  }
  return error instanceof Error ? error.message : String(error);
}
