// Manager: has one app's cluster deploy a spec, with the sockets that it declares.

import { droppedAddresses } from '../../core/plan-changes.ts';
import { type AppSpec, formatAddress, type Milliseconds } from '../../core/spec.ts';
import type { Override } from '../../platform/overrides.ts';
import type { DeployRequest } from '../../protocol/cluster-link.ts';
import type { AppResult } from '../../protocol/control-api.ts';
import { isLoss } from '../cluster-faults.ts';
import { deployDeadline } from '../deadlines.ts';
import type { DeployClaim } from '../deploy-claims.ts';
import type { Fleet } from '../fleet.ts';
import { notePending } from '../pending-override.ts';
import { releaseSockets } from '../release-sockets.ts';
import { attempt, describeDeploy, type Outcome } from '../results.ts';
import { provideSockets } from './provide-sockets.ts';

export interface DeployWork {
  readonly action: 'deploy' | 'rollback';
  readonly spec: AppSpec;
  readonly reasons: readonly string[];
  readonly timeout: Milliseconds | null;
  readonly pinned: DeployRequest['pinned'];
  /** Released when the deploy has ended; null: nobody else has it, or whoever has comes later. */
  readonly claim: DeployClaim | null;
  /** What the app's override is when the new generation serves; absent: as it is. */
  readonly override?: Override | null;
  /** Where it runs, if the result is to say so. */
  readonly place?: string | null;
}

/** `notices` takes what the user should know besides. */
export async function deployApp(fleet: Fleet, name: string, work: DeployWork, notices: string[]): Promise<AppResult> {
  const claim = work.claim ?? fleet.claims.take(name, fleet.state.app(name).generation + 1);
  try {
    return await attempt(fleet, name, work.action, work.reasons, () =>
      deploy(fleet, name, { ...work, claim }, notices),
    );
  } finally {
    if (claim !== null) fleet.claims.release(name, claim);
  }
}

async function deploy(fleet: Fleet, name: string, work: DeployWork, notices: string[]): Promise<Outcome> {
  const { timeout, pinned, claim, reasons } = work;
  const handle = fleet.handle(name);
  const running = fleet.runningSpec(name);
  const spec = await provideSockets(fleet, name, work.spec, notices);
  if (spec.deploy.strategy === 'replace') {
    notices.push(`${name}: strategy replace stops the old workers first: not zero-downtime`);
  }
  const before = fleet.state.app(name).pending;
  if (work.override !== undefined) await notePending(fleet.state, name, work.override, handle.snapshot);
  const takeBack = (): void => {
    // What another deploy will have changed, of an earlier manager perhaps, is still to come.
    fleet.state.update(name, { pending: before });
    releaseSockets(fleet, name, fleet.runningSpec(name)?.listen);
  };
  if (claim?.begin() === false) {
    takeBack();
    return { ok: false, message: 'aborted before it began' };
  }
  const request = { spec, reason: reasons.join(', '), timeout, pinned };
  const deadline = deployDeadline(spec, running, timeout);
  const result = await handle.ask('deploy', request, deadline).catch((error) => {
    // It was not begun.
    if (!isLoss(error)) takeBack();
    throw error;
  });
  const isDone = result.outcome === 'done' && work.override !== undefined;
  fleet.state.update(name, { pending: null, ...(isDone ? { override: work.override } : {}) });
  await handle.relearn();
  releaseSockets(fleet, name, fleet.runningSpec(name)?.listen ?? spec.listen);
  if (result.outcome === 'done' && running?.user !== spec.user) fleet.sockets.giveTo(name, spec.user);
  const dropped =
    running === null || result.outcome === 'done' ? [] : forNobody(fleet, droppedAddresses(running, spec));
  if (dropped.length > 0) notices.push(droppedNotice(name, dropped));
  // An earlier manager may have passed on what this deploy brings, and died before it.
  fleet.keeper.watch(handle);
  return describeDeploy(result, { place: work.place ?? null });
}

/** Those that the config gives to no other app. */
function forNobody(fleet: Fleet, addresses: readonly string[]): readonly string[] {
  const declared = fleet.state.ecosystem?.apps.flatMap(({ listen }) => listen.map(formatAddress)) ?? [];
  return addresses.filter((address) => !declared.includes(address));
}

/** The new workers come beside the old ones, whose socket no longer is for them. */
function droppedNotice(name: string, addresses: readonly string[]): string {
  const which = addresses.join(', ');
  return `${name}: ${which} no longer declared, but held until the old workers have ended; if it is to listen there by itself, that takes effect at \`evenkeel restart ${name}\``;
}
