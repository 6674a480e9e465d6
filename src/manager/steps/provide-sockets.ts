// Manager: binds the addresses that are new in a spec and passes them to the running cluster process.

import { EvenkeelError } from '../../core/errors.ts';
import { type AppSpec, formatAddress } from '../../core/spec.ts';
import type { Fleet } from '../fleet.ts';

/** Where that cannot be, the spec that it returns keeps the addresses that it has, and `notices` says so. */
export async function provideSockets(fleet: Fleet, name: string, spec: AppSpec, notices: string[]): Promise<AppSpec> {
  const handle = fleet.handle(name);
  const held = new Set(handle.snapshot?.held ?? []);
  const missing = spec.listen.filter((address) => !held.has(formatAddress(address)));
  if (missing.length === 0) return spec;
  const keep = { ...spec, listen: fleet.runningSpec(name)?.listen ?? [] };
  const restart = `takes effect at \`evenkeel restart ${name}\``;
  if (!handle.takesSockets) {
    notices.push(`${name}: listen changed; ${restart}`);
    return keep;
  }
  try {
    fleet.sockets.hold(name, missing);
    // Also what was bound for a deploy that came to nothing: the cluster process has let go of that by itself.
    const unsent = fleet.sockets
      .of(name)
      .filter(({ address }) => missing.some((one) => formatAddress(one) === address));
    for (const socket of unsent) await handle.sendSocket(socket);
    return spec;
  } catch (error) {
    // Perhaps held by the app itself, which listened there before it was declared.
    if (!(error instanceof EvenkeelError) || error.code !== 'LISTEN_FAILED') throw error;
    notices.push(`${name}: listen changed, but ${error.message}; ${restart}`);
    return keep;
  }
}
