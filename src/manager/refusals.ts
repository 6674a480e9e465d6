// Manager: what it refuses before anything is done.

import { EvenkeelError } from '../core/errors.ts';
import type { AppSpec } from '../core/spec.ts';
import { notRunning } from './cluster-faults.ts';
import { QUICK } from './deadlines.ts';
import type { DeployClaim } from './deploy-claims.ts';
import type { Fleet } from './fleet.ts';

/** Throws NO_SUCH_APP or APP_STOPPED. */
export function requireRunning(fleet: Fleet, name: string): AppSpec {
  fleet.requireKnown(name);
  const spec = fleet.runningSpec(name);
  if (spec === null) throw notRunning(name);
  return spec;
}

/**
 * Also for what waited while everything was stopped: an app that it brought up would be left behind without a manager.
 * Throws SHUTTING_DOWN.
 */
export function refuseWhileStopping({ lifecycle }: { readonly lifecycle: { readonly stopping: boolean } }): void {
  if (!lifecycle.stopping) return;
  throw new EvenkeelError('SHUTTING_DOWN', 'the manager is stopping everything, then itself', {
    hint: 'Wait until it is gone, then `evenkeel start`.',
  });
}

/** The right to deploy the app, to be released. Throws DEPLOY_IN_PROGRESS with the deploy that is there first. */
export async function claimDeploy(fleet: Fleet, name: string): Promise<DeployClaim> {
  const expected = fleet.state.app(name).generation + 1;
  const holder = fleet.claims.of(name);
  const claim = fleet.claims.take(name, expected);
  try {
    const { deploy } = await fleet.handle(name).request('status', {}, QUICK);
    if (claim !== null && deploy === null) return claim;
    const { generation, phase } = deploy ?? { generation: holder?.generation ?? expected, phase: 'preparing' };
    throw new EvenkeelError('DEPLOY_IN_PROGRESS', `${name}: generation ${generation} is being deployed (${phase})`, {
      hint: `Wait for it, or \`evenkeel abort ${name}\`.`,
    });
  } catch (error) {
    if (claim !== null) fleet.claims.release(name, claim);
    throw error;
  }
}
