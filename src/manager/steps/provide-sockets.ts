// Manager: binds the addresses that are new in a spec and passes them to the running cluster process.

import type { AppSpec } from '../../core/spec.ts';
import { isListenFailed } from '../cluster-faults.ts';
import type { Fleet } from '../fleet.ts';
import { planSockets } from '../plan-sockets.ts';

/** Where one is taken, the spec that it returns keeps the addresses that it has, and `notices` says so. */
export async function provideSockets(fleet: Fleet, name: string, spec: AppSpec, notices: string[]): Promise<AppSpec> {
  const handle = fleet.handle(name);
  const here = fleet.sockets.of(name).map(({ address }) => address);
  const { bind, pass } = planSockets(spec.listen, here, handle.snapshot?.held ?? []);
  try {
    fleet.sockets.hold(name, { listen: bind, user: spec.user });
  } catch (error) {
    // Perhaps held by the app itself, which listened there before it was declared.
    if (!isListenFailed(error)) throw error;
    const restart = `where ${name} itself has it, it takes effect at \`evenkeel restart ${name}\``;
    notices.push(`${name}: listen changed, but ${error.message}; ${restart}`);
    return { ...spec, listen: fleet.runningSpec(name)?.listen ?? [] };
  }
  // Also what was bound for a deploy that came to nothing: the cluster process has let go of that by itself.
  await handle.passSockets(fleet.sockets.of(name, pass));
  return spec;
}
