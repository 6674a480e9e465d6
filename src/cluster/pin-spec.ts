// Fixes what a generation runs: the folder and the script with every symlink resolved at this moment; and whether they are
// still there when a worker of it is started. (cluster process)

import { statSync } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { EvenkeelError } from '../core/errors.ts';
import type { AppSpec } from '../core/spec.ts';
import type { Generation } from '../core/status.ts';
import { movedPath } from '../platform/moved-path.ts';
import { errorCode } from '../platform/system-error.ts';
import type { PinnedSpec } from '../protocol/cluster-link.ts';
import type { Place } from './hooks.ts';

export type Pinning =
  | { readonly ok: true; readonly pinned: PinnedSpec }
  /** `isGone`: of an earlier generation, which had it. */
  | { readonly ok: false; readonly reason: string; readonly isGone: boolean };

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
    const realScript = script === null ? null : await resolveScript(movedPath(script, cwd, realCwd));
    return { ok: true, pinned: { generation, spec, realCwd, realScript } };
  } catch (error) {
    const isGone = paths !== null && errorCode(error) === 'ENOENT';
    return { ok: false, reason: describe(error), isGone };
  }
}

/** Throws SPAWN_FAILED. What the system says of a folder that is not there ("spawn node ENOENT") does not name it. */
export function requirePinned({ spec, realCwd, realScript }: PinnedSpec): void {
  const gone = [realCwd, realScript].find((path) => path !== null && isGone(path));
  if (gone != null) throw new EvenkeelError('SPAWN_FAILED', doesNotExist(gone), { hint: hintOfGone(spec.name, true) });
}

function isGone(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    // Whether it is there cannot be told, but its user may see it.
    return false;
  }
}

const doesNotExist = (path: string): string => `${path} does not exist`;

/** Only an app that runs, or is tried again, can be deployed. */
export function hintOfGone(app: string, isUp: boolean): string {
  const other = isUp
    ? `deploy what is there now: \`evenkeel deploy ${app}\``
    : 'go by the config again: `evenkeel reload`';
  return `Put it back, or ${other}.`;
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
    return error.code === 'ENOENT' ? doesNotExist(String(error.path)) : `${error.path}: ${error.message}`;
  }
  return error instanceof Error ? error.message : String(error);
}
