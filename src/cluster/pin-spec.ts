// Fixes what a generation runs: the folder and the script with every symlink resolved at this moment.
// (cluster process)

import { access, realpath } from 'node:fs/promises';
import type { AppSpec } from '../core/spec.ts';
import type { Generation } from '../core/status.ts';
import { movedScript } from '../platform/moved-script.ts';
import type { PinnedSpec } from '../protocol/cluster-link.ts';
import type { Place } from './hooks.ts';

export type Pinning =
  | { readonly ok: true; readonly pinned: PinnedSpec }
  | { readonly ok: false; readonly reason: string };

/** `place`: what the spec says, unless a hook has named another release. `paths`: those of an earlier generation. */
export async function pinSpec(
  spec: AppSpec,
  generation: Generation,
  place: Place,
  paths: Pick<PinnedSpec, 'realCwd' | 'realScript'> | null,
): Promise<Pinning> {
  const { cwd, script } = paths === null ? place : { cwd: paths.realCwd, script: paths.realScript };
  try {
    const realCwd = await realpath(cwd);
    // Through the folder that was just resolved: the link may be switched between the two.
    const realScript = script === null ? null : await resolveScript(movedScript(script, cwd, realCwd));
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
