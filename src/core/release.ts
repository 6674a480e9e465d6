// Pure: what tells the generations of an app apart: what their workers run, and where.

import type { AppSpec } from './spec.ts';
import { diffSpecs } from './spec-diff.ts';
import type { DeployOutcome, Generation } from './status.ts';

/** A generation as it was deployed; `realCwd` and `realScript` with every symlink resolved. */
export interface Release {
  readonly generation: Generation;
  readonly spec: AppSpec;
  readonly realCwd: string;
  readonly realScript: string | null;
}

interface Past<R> {
  readonly outcome: DeployOutcome;
  readonly current: boolean;
  readonly pinned: R | null;
}

/** What can be gone back to, the newest first. */
export function rollbackTargets<R extends Release>(history: readonly Past<R>[]): readonly R[] {
  return history
    .flatMap(({ outcome, current, pinned }) => (outcome === 'done' && !current && pinned !== null ? [pinned] : []))
    .sort((a, b) => b.generation - a.generation);
}

/** The newest generation before the one that serves which ran something else, or else the one before; null: there is none. */
export function releaseBefore<R extends Release>(history: readonly Past<R>[]): R | null {
  const serving = servingOf(history);
  const before = rollbackTargets(history).filter(
    ({ generation }) => serving === null || generation < serving.generation,
  );
  return before.find((release) => !isServed(release, history)) ?? before[0] ?? null;
}

/** What serves runs the same, so that going back to it changes nothing. */
export function isServed<R extends Release>(release: R, history: readonly Past<R>[]): boolean {
  const serving = servingOf(history);
  return serving !== null && isSameRelease(release, serving);
}

function servingOf<R extends Release>(history: readonly Past<R>[]): R | null {
  return history.find(({ current }) => current)?.pinned ?? null;
}

/** Paths as they are written in the config: what runs is what they led to. */
const AS_WRITTEN: readonly string[] = ['cwd', 'script'];

/** Also where they differ in what a running worker can take over, or in how many workers there are. */
function isSameRelease(one: Release, other: Release): boolean {
  if (one.realCwd !== other.realCwd || one.realScript !== other.realScript) return false;
  const keys = diffSpecs(one.spec, other.spec).filter((key) => key.class === 'deploy');
  return keys.every(({ path }) => AS_WRITTEN.includes(path));
}

type Place = Pick<Release, 'realCwd' | 'realScript'>;

/** Where each runs: its folder, or its script where it is that which differs. null: all run at the same place. */
export function placesOf(releases: readonly Place[]): readonly string[] | null {
  const byScript = areDifferent(releases.map(scriptInFolder));
  const places = releases.map(({ realCwd, realScript }) => (byScript ? (realScript ?? realCwd) : realCwd));
  return areDifferent(places) ? places : null;
}

function scriptInFolder({ realCwd, realScript }: Place): string | null {
  const folder = `${realCwd}/`;
  return realScript?.startsWith(folder) ? realScript.slice(folder.length) : realScript;
}

function areDifferent(values: readonly unknown[]): boolean {
  return new Set(values).size > 1;
}
