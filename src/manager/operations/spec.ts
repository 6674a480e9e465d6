// Manager: the settings that an app runs with, or would, and what commands have changed of them.

import { maskSpec } from '../../core/mask-spec.ts';
import type { Override } from '../../platform/overrides.ts';
import type { SpecAnswer } from '../../protocol/control-api.ts';
import type { ManagerContext } from '../context.ts';

/** As SpecAnswer; without `showEnv` what may be secret is null. Throws NO_SUCH_APP. */
export function spec({ fleet }: ManagerContext, app: string, showEnv: boolean): SpecAnswer | MaskedSpec {
  fleet.requireKnown(app);
  const running = fleet.runningSpec(app);
  const found = running ?? fleet.wantedSpec(app);
  const answer = { app, running: running !== null, changed: changedBy(fleet.state.app(app).override) };
  return { ...answer, spec: showEnv ? found : maskSpec(found) };
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
