// Manager: the settings that an app runs with, or would, and what commands have changed of them.

import type { SpecAnswer } from '../../protocol/control-api.ts';
import type { ManagerContext } from '../context.ts';
import type { Override } from '../overrides.ts';

/** As SpecAnswer; without `showEnv` the values of env are null. Throws NO_SUCH_APP. */
export function spec({ fleet }: ManagerContext, app: string, showEnv: boolean): SpecAnswer | MaskedSpec {
  fleet.requireKnown(app);
  const running = fleet.runningSpec(app);
  const found = running ?? fleet.wantedSpec(app);
  const answer = { app, running: running !== null, changed: changedBy(fleet.state.app(app).override) };
  return { ...answer, spec: showEnv ? found : { ...found, env: masked(found.env) } };
}

type MaskedSpec = Omit<SpecAnswer, 'spec'> & { readonly spec: object };

/** Names of variables, never their values. */
function changedBy(override: Override | null): SpecAnswer['changed'] {
  const env = Object.entries(override?.env ?? {});
  return {
    rollback: override?.rollback?.generation ?? null,
    workers: override?.workers !== undefined,
    script: override?.script !== undefined,
    cwd: override?.cwd !== undefined,
    shellEnv: override?.shellEnv !== undefined,
    set: env.flatMap(([name, value]) => (value === null ? [] : [name])),
    unset: env.flatMap(([name, value]) => (value === null ? [name] : [])),
  };
}

function masked(env: Readonly<Record<string, string>>): Readonly<Record<string, null>> {
  return Object.fromEntries(Object.keys(env).map((name) => [name, null]));
}
