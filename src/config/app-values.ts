// Typed access to the values of one app, once they are valid and complete. A value of another type is a bug.
// (config loader)

import { isRecord } from '../core/is-record.ts';
import type { Bytes, Milliseconds } from '../core/spec.ts';
import { hasPath, valueAt } from './key-path.ts';
import { parseDuration } from './parse-duration.ts';
import { parseSize } from './parse-size.ts';

/** Keys are written with dots: `restart.maxDelay`. */
export class AppValues {
  readonly #app: unknown;

  constructor(app: unknown) {
    this.#app = app;
  }

  /** Whether the key was given or has a default; its value may be wrong, and reported. */
  has(key: string): boolean {
    return hasPath(this.#app, key.split('.'));
  }

  /** undefined: not given, no default, or wrong and reported. */
  get(key: string): unknown {
    return valueAt(this.#app, key.split('.'));
  }

  text(key: string): string {
    return this.optionalText(key) ?? missing(key);
  }

  optionalText(key: string): string | null {
    const value = this.get(key) ?? null;
    return value === null || typeof value === 'string' ? value : wrong(key);
  }

  number(key: string): number {
    return this.optionalNumber(key) ?? missing(key);
  }

  optionalNumber(key: string): number | null {
    const value = this.get(key) ?? null;
    return value === null || typeof value === 'number' ? value : wrong(key);
  }

  flag(key: string): boolean {
    const value = this.get(key);
    return typeof value === 'boolean' ? value : wrong(key);
  }

  choice<const T extends string>(key: string, words: readonly T[]): T {
    const value = this.get(key);
    return words.find((word) => word === value) ?? wrong(key);
  }

  /** With the index in the file; items that were wrong are left out. */
  items(key: string): readonly (readonly [number, unknown])[] {
    const value = this.get(key) ?? [];
    return Array.isArray(value) ? [...value.entries()].filter(([, item]) => item !== undefined) : wrong(key);
  }

  texts(key: string): readonly string[] {
    return this.items(key).map(([, item]) => (typeof item === 'string' ? item : wrong(key)));
  }

  entries(key: string): readonly (readonly [string, unknown])[] {
    const value = this.get(key) ?? {};
    return isRecord(value) ? Object.entries(value).filter(([, item]) => item !== undefined) : wrong(key);
  }

  duration(key: string): Milliseconds {
    return parseDuration(textOrNumber(key, this.get(key))) ?? wrong(key);
  }

  optionalSize(key: string): Bytes | null {
    const value = this.get(key) ?? null;
    return value === null ? null : (parseSize(textOrNumber(key, value)) ?? wrong(key));
  }
}

export function textOrNumber(key: string, value: unknown): string | number {
  return typeof value === 'string' || typeof value === 'number' ? value : wrong(key);
}

function missing(key: string): never {
  throw new Error(`Internal error: ${key} has neither a value nor a default`);
}

function wrong(key: string): never {
  throw new Error(`Internal error: ${key} is not what the schema says`);
}
