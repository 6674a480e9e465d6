// Pure: a spec as people see it who have not asked for secrets: what may hold one is null.

import { shownUrl } from './shown-url.ts';
import type { AppSpec, Hook, Readiness } from './spec.ts';

/** As `spec`, but without values of env, arguments of programs and hooks, patterns, and the private parts of URLs. */
export function maskSpec(spec: AppSpec): object {
  const { env, args, command, node, ready, health, deploy, hooks } = spec;
  return {
    ...spec,
    env: Object.fromEntries(Object.keys(env).map((name) => [name, null])),
    args: args.map(() => null),
    command: command === null ? null : maskArguments(command),
    node: { ...node, args: node.args.map(() => null) },
    ready: maskReadiness(ready),
    health: health === null ? null : { ...health, http: shownUrl(health.http) },
    deploy: { ...deploy, before: deploy.before.map(maskHook), after: deploy.after.map(maskHook) },
    // A spec that an earlier version pinned has no hooks.
    hooks: { beforeFork: (hooks?.beforeFork ?? []).map(maskHook) },
  };
}

function maskReadiness(ready: Readiness): object {
  if (ready.on === 'http') return { ...ready, url: shownUrl(ready.url) };
  return ready.on === 'log' ? { ...ready, pattern: null } : ready;
}

function maskHook(hook: Hook): object {
  return hook.kind === 'command' ? { ...hook, argv: maskArguments(hook.argv) } : hook;
}

/** The program is not. */
function maskArguments(argv: readonly string[]): readonly (string | null)[] {
  return argv.map((argument, index) => (index === 0 ? argument : null));
}
