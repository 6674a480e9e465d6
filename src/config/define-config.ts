// The types of a config that is a program: what the schema says, with a function wherever a value may be computed.

import type { EvenkeelConfig } from './user-config.ts';

/** What the functions of a config are called with, each time that the config is read. */
export interface ConfigContext {
  /** Of `--profile`; null: none was named. */
  readonly profile: string | null;
  /** The environment in which the manager was started. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** CPUs that may be used: what "max" means. */
  readonly cpus: number;
}

/** A value, or a function that gives one or a promise of one. */
export type Computed<T> = Literal<T> | ((context: ConfigContext) => Literal<T> | Promise<Literal<T>>);

type Literal<T> = T extends readonly (infer Item)[]
  ? readonly Computed<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Computed<T[Key]> | IfOptional<T, Key> }
    : T;

/** A key may also be there with the value undefined, if it may be absent. */
type IfOptional<T, Key extends keyof T> = Record<never, never> extends Pick<T, Key> ? undefined : never;

export type Config = Computed<EvenkeelConfig>;

/**
 * Gives the config as it is; editors and the TypeScript compiler then know what may be in it.
 *
 * @example
 * // evenkeel.config.mjs
 * import { defineConfig } from 'evenkeel';
 * export default defineConfig({
 *   apps: { web: { script: 'server.js', workers: ({ cpus }) => Math.max(1, cpus - 1) } },
 * });
 */
export function defineConfig(config: Config): Config {
  return config;
}
