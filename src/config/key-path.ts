// Where a value is in a config, and how a user would write that. (config loader)

import { isRecord } from '../core/is-record.ts';

/** Keys of maps and indices of lists, from the top. */
export type KeyPath = readonly (string | number)[];

/** `apps.web.listen[0]`; a key that would not read well so is quoted: `apps["a.b"]`. */
export function formatKeyPath(path: KeyPath): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    if (!/^[\w$-]+$/.test(key)) return `${text}[${JSON.stringify(key)}]`;
    return text === '' ? key : `${text}.${key}`;
  }, '');
}

/** undefined where there is nothing; never looks at prototypes. */
export function valueAt(root: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return typeof key === 'number' ? value[key] : undefined;
    return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }, root);
}

/** Whether the key is there, even with the value undefined. */
export function hasPath(root: unknown, path: KeyPath): boolean {
  const key = path.at(-1);
  if (key === undefined) return true;
  const parent = valueAt(root, path.slice(0, -1));
  return (isRecord(parent) || Array.isArray(parent)) && Object.hasOwn(parent, key);
}
