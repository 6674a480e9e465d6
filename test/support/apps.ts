// Configs of apps under test: fixtures, with short waits and two workers unless a test says otherwise.

import type { AppConfig } from './rig.ts';
import { fixture } from './rig.ts';

type Env = Readonly<Record<string, string | number>>;

/** An unmodified server of test/e2e/fixtures, e.g. `http` or `express`. */
export function server(
  kind: string,
  port: number,
  { env = {}, ...rest }: AppConfig & { readonly env?: Env } = {},
): AppConfig {
  return {
    script: fixture(`${kind}.mjs`),
    workers: 2,
    env: { PORT: port, VERSION: '1', ...env },
    deploy: { settle: '100ms' },
    ...rest,
  };
}

/** An app that does what the test tells it; with a PORT in `env` it listens by itself. */
export function puppet({ env = {}, ...rest }: AppConfig & { readonly env?: Env } = {}): AppConfig {
  return {
    script: fixture('puppet.mjs'),
    workers: 1,
    env: { PUPPETS: 'puppets.sock', VERSION: '1', ...env },
    deploy: { settle: '100ms' },
    ...rest,
  };
}

/** The same as a program that evenkeel knows nothing of: without an agent, with its sockets from descriptor 3 on. */
export function strangePuppet(overrides: AppConfig & { readonly env?: Env } = {}): AppConfig {
  const { script, ...rest } = puppet(overrides);
  return { command: ['node', script], ...rest };
}
