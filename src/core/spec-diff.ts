// Pure: the keys in which two specs of one app differ, each with its change class and a reason for people.

import { changeClassOf } from './change-classes.ts';
import { describeChange } from './describe-change.ts';
import type { KeyChange } from './plan.ts';
import type { AppSpec } from './spec.ts';

/** In the order of `after`'s keys; keys that it no longer has come last. */
export function diffSpecs(before: AppSpec, after: AppSpec): readonly KeyChange[] {
  const changes: KeyChange[] = [];
  compare('', before, after, changes);
  return changes;
}

function compare(path: string, before: unknown, after: unknown, changes: KeyChange[]): void {
  if (hasKeys(before) && hasKeys(after)) {
    for (const key of new Set([...Object.keys(after), ...Object.keys(before)])) {
      compare(path === '' ? key : `${path}.${key}`, own(before, key), own(after, key), changes);
    }
    return;
  }
  if (path === 'env.PATH' ? isSamePath(before, after) : isSame(before, after)) return;
  const kind = isAbsent(before) ? 'added' : isAbsent(after) ? 'removed' : 'changed';
  changes.push({ path, kind, class: changeClassOf(path), reason: describeChange(path, kind, before, after) });
}

/** An object whose keys are keys of the config. One with a `kind` stands for a single value, as a log target does. */
function hasKeys(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Object.hasOwn(value, 'kind');
}

/** An environment variable may be called `__proto__` or `constructor`. */
function own(value: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

/** Both come from JSON, and the loader writes keys in one order. */
function isSame(before: unknown, after: unknown): boolean {
  return before === after || (isAbsent(before) ? isAbsent(after) : JSON.stringify(before) === JSON.stringify(after));
}

/** npm puts folders first that depend on where it was called: what it runs is not another app for that. */
function isSamePath(before: unknown, after: unknown): boolean {
  return isSame(withoutNpm(before), withoutNpm(after));
}

function withoutNpm(path: unknown): unknown {
  if (typeof path !== 'string') return path;
  return path
    .split(':')
    .filter((folder) => !/\/(node_modules\/\.bin|node-gyp-bin)\/?$/.test(folder))
    .join(':');
}
