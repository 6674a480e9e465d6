// Manager: deploys an earlier generation again, as it was pinned then, with as many workers as there are now.

import { EvenkeelError } from '../../core/errors.ts';
import { isServed, placesOf, releaseBefore, rollbackTargets } from '../../core/release.ts';
import type { Generation } from '../../core/status.ts';
import type { HistoryEntry, PinnedSpec } from '../../protocol/cluster-link.ts';
import type { AppResult, OperationResult, RollbackBody } from '../../protocol/control-api.ts';
import { deployInTurn } from '../after-loss.ts';
import type { Work } from '../app-lane.ts';
import type { ManagerContext } from '../context.ts';
import { QUICK } from '../deadlines.ts';
import { claimDeploy } from '../refusals.ts';
import { attempt, inLane, operationResult, throwRefusal } from '../results.ts';
import { deployApp } from '../steps/deploy-app.ts';
import { RunningOperation } from '../under-way.ts';

/** Throws NO_SUCH_APP, APP_STOPPED, NO_SUCH_GENERATION or DEPLOY_IN_PROGRESS. */
export async function rollback(
  { fleet }: ManagerContext,
  name: string,
  body: RollbackBody,
  operation = new RunningOperation(),
): Promise<OperationResult> {
  const startedAt = fleet.now();
  fleet.requireKnown(name);
  if (fleet.runningSpec(name) === null) throw nothingToReplace(name);
  const handle = fleet.handle(name);
  const claim = await claimDeploy(fleet, name);
  const notices: string[] = [];
  const inTurn = (work: Work<AppResult>) => inLane(fleet, name, 'rollback', [], work);
  try {
    const result = await operation.run(
      name,
      (work) => deployInTurn(fleet, name, inTurn, work),
      () =>
        attempt(fleet, name, 'rollback', [], async () => {
          const history = await handle.ask('history', {}, QUICK);
          const pinned = chooseTarget(name, history, body.to ?? null);
          const { override } = fleet.state.app(name);
          // How many there are answers the load of today.
          const workers = fleet.runningSpec(name)?.workers ?? pinned.spec.workers;
          const back = { ...pinned, spec: { ...pinned.spec, workers } };
          const work = {
            action: 'rollback' as const,
            ...{ spec: back.spec, pinned: back, claim, timeout: body.timeout ?? null },
            reasons: [`rollback to ${pinned.generation}`],
            override: { rollback: back, ...(override?.workers === undefined ? {} : { workers }) },
            place: otherPlace(history, pinned),
          };
          const outcome = await deployApp(fleet, name, work, notices);
          if (outcome.ok && isServed(pinned, history)) notices.push(sameNotice(name, pinned.generation));
          return outcome;
        }),
    );
    throwRefusal(result);
    return operationResult(fleet, startedAt, [result], notices);
  } finally {
    fleet.claims.release(name, claim);
  }
}

function nothingToReplace(app: string): EvenkeelError {
  return new EvenkeelError('APP_STOPPED', `${app} is not running, and a rollback replaces what runs`, {
    hint: `Start it as the config says (\`evenkeel start ${app}\`), then \`evenkeel rollback ${app} --to N\`; \`evenkeel history ${app}\` lists the generations.`,
  });
}

/** Whoever changes files in place has nothing else to go back to. */
function sameNotice(app: string, generation: Generation): string {
  return `${app}: generation ${generation} had the paths, settings and environment of what served; files that were changed in place are not brought back`;
}

/** `to` null: the newest generation before the one that serves that ran something else, if there is one. */
function chooseTarget(app: string, history: readonly HistoryEntry[], to: Generation | null): PinnedSpec {
  const possible = rollbackTargets(history);
  const chosen = to === null ? releaseBefore(history) : possible.find(({ generation }) => generation === to);
  if (chosen) return chosen;
  const numbers = possible.map(({ generation }) => generation).join(', ');
  if (to !== null) {
    throw new EvenkeelError('NO_SUCH_GENERATION', `${app}: generation ${to} cannot be gone back to`, {
      hint: numbers === '' ? null : `These can: ${numbers}.`,
    });
  }
  throw new EvenkeelError('NO_SUCH_GENERATION', `${app}: there is no earlier generation to go back to`, {
    hint: `Put back the code or the settings that are to run, then \`evenkeel deploy ${app}\` or \`evenkeel reload\`.`,
  });
}

/** Where it runs, if what serves runs elsewhere. */
function otherPlace(history: readonly HistoryEntry[], target: PinnedSpec): string | null {
  const serving = history.find(({ current }) => current)?.pinned ?? target;
  return placesOf([serving, target])?.[1] ?? null;
}
