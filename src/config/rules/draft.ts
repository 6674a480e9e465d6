// What the rules look at: the app as it was written and as it came out, and where to report. (config loader)

import { isRecord } from '../../core/is-record.ts';
import type { AppSpec } from '../../core/spec.ts';
import type { Report } from '../fault.ts';
import type { Files } from '../files.ts';
import { hasPath, type KeyPath, valueAt } from '../key-path.ts';
import type { Users } from '../users.ts';

export interface AppDraft {
  readonly spec: AppSpec;
  /** Before defaults were filled in; where a value was wrong, its key is there with undefined. */
  readonly given: unknown;
}

export interface RuleContext {
  readonly apps: readonly AppDraft[];
  /** Every app of the file, also those that could not be read. */
  readonly names: readonly string[];
  readonly files: Files;
  readonly users: Users;
  /** The config. */
  readonly file: string;
  /** Absolute; hook modules are relative to it. */
  readonly folder: string;
  /** Absolute. */
  readonly stateDir: string;
  /**
   * Nobody wrote this file by hand. A path in it was right when it was noted; if that is gone by now, it is the one app
   * that fails, and not the whole file.
   */
  readonly generated: boolean;
  /** See LoaderBoot. */
  readonly strict: boolean;
  /** Where in the file a value comes from. */
  readonly originOf: (path: KeyPath) => KeyPath;
  readonly report: Report;
}

/** Whether the key was given, rightly or not. Keys are written with dots. */
export function isGiven(draft: AppDraft, key: string): boolean {
  return hasPath(draft.given, key.split('.'));
}

export function givenItems(draft: AppDraft, key: string): readonly (readonly [number, unknown])[] {
  const value = valueAt(draft.given, key.split('.'));
  return Array.isArray(value) ? [...value.entries()].filter(([, item]) => item !== undefined) : [];
}

export function givenMap(draft: AppDraft, key: string): Readonly<Record<string, unknown>> {
  const value = valueAt(draft.given, key.split('.'));
  return isRecord(value) ? value : {};
}
