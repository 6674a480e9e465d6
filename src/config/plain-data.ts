// Copies what a config gave into plain data: what JSON could say. A JS config may give anything. (config loader)

import type { Report } from './fault.ts';
import type { KeyPath } from './key-path.ts';

const MAX_DEPTH = 32;
/** Far above any config; aliases of aliases get there quickly. */
const MAX_VALUES = 100_000;

/** Stands for a value that could not be computed, which is reported already. */
export const FAILED = Symbol('failed');

/**
 * Reports what is not plain data; its key stays, with undefined, for it was given. Keys whose value was undefined from the
 * start are not there.
 */
export function toPlainData(value: unknown, report: Report): unknown {
  const copier: Copier = { report, ancestors: [], count: 0 };
  const copied = copy(value, [], copier);
  if (copier.count > MAX_VALUES) report([], `the config has more than ${MAX_VALUES} values`);
  return copied;
}

interface Copier {
  readonly report: Report;
  readonly ancestors: object[];
  count: number;
}

function copy(value: unknown, path: KeyPath, copier: Copier): unknown {
  copier.count += 1;
  if (copier.count > MAX_VALUES) return undefined;
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || value === undefined) return value;
  if (value === FAILED) return undefined;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value !== 'object' || !isPlain(value)) {
    copier.report(path, `${describe(value)} is not config data`, { hint: HINT });
    return undefined;
  }
  return copyObject(value, path, copier);
}

const HINT = 'use texts, numbers, true, false, null, lists and maps';

function copyObject(value: object, path: KeyPath, copier: Copier): unknown {
  if (copier.ancestors.includes(value)) {
    copier.report(path, 'a value contains itself');
    return undefined;
  }
  if (path.length >= MAX_DEPTH) {
    copier.report(path, `values are nested more than ${MAX_DEPTH} levels deep`);
    return undefined;
  }
  copier.ancestors.push(value);
  const copied = Array.isArray(value)
    ? value.map((item, index) => copy(item, [...path, index], copier))
    : copyMap(value, path, copier);
  copier.ancestors.pop();
  return copied;
}

function copyMap(value: object, path: KeyPath, copier: Copier): unknown {
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, copy(item, [...path, key], copier)]));
}

/** An object that a literal makes; of another realm too, as a TypeScript config's may be. */
export function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function describe(value: unknown): string {
  if (typeof value === 'number') return 'this number';
  if (typeof value === 'object' && value !== null) return `an object of class ${value.constructor?.name ?? 'unknown'}`;
  return `a ${typeof value}`;
}
