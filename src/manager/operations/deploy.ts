// Manager: replaces apps' code: the spec as it runs, with the options of the command, in a new generation.

import { EvenkeelError } from '../../core/errors.ts';
import { afterDeploy, mergeOverride, overrideSpec, withMovedScript } from '../../platform/overrides.ts';
import type { AppResult, DeployOptions, OperationResult } from '../../protocol/control-api.ts';
import { deployInTurn } from '../after-loss.ts';
import type { Work } from '../app-lane.ts';
import type { ManagerContext } from '../context.ts';
import type { DeployClaim } from '../deploy-claims.ts';
import type { Fleet } from '../fleet.ts';
import { claimDeploy, requireRunning } from '../refusals.ts';
import { attempt, inLane, operationResult, skipped, throwRefusal } from '../results.ts';
import { runInOrder } from '../run-in-order.ts';
import { type DeployWork, deployApp } from '../steps/deploy-app.ts';
import { RunningOperation } from '../under-way.ts';

/** `names` null: all that run. Throws NO_SUCH_APP, and for a single app what refuses it. */
export async function deploy(
  context: ManagerContext,
  names: readonly string[] | null,
  options: DeployOptions,
  operation = new RunningOperation(),
): Promise<OperationResult> {
  const { fleet } = context;
  const startedAt = fleet.now();
  const chosen = [...new Set(names ?? fleet.names.filter((name) => fleet.runningSpec(name) !== null))];
  for (const name of chosen) fleet.requireKnown(name);
  const apps = chosen.map((name) => ({ name, dependsOn: fleet.runningSpec(name)?.dependsOn ?? [] }));
  const admissions = new Map(
    await Promise.all(chosen.map(async (name) => [name, await admit(fleet, name, options)] as const)),
  );
  const admitted = [...admissions.values()].map(({ result }) => result);
  if (chosen.length === 1) admitted.forEach(throwRefusal);
  const notices: string[] = [];
  const done = runInOrder(apps, async (name) => {
    const { claim, result } = admissions.get(name) ?? {};
    if (claim && result?.ok) {
      const inTurn = (work: Work<AppResult>) => inLane(fleet, name, 'deploy', reasonsOf(options), work);
      return await operation.run(
        name,
        (work) => deployInTurn(fleet, name, inTurn, work),
        () => deployOne(fleet, name, options, claim, notices),
      );
    }
    return result ?? skipped(name, 'unknown');
  }).finally(() => {
    // Apps that were skipped have theirs still.
    for (const [name, { claim }] of admissions) if (claim !== null) fleet.claims.release(name, claim);
  });
  if (options.wait === false) return operationResult(fleet, startedAt, admitted);
  return operationResult(fleet, startedAt, await done, notices);
}

interface Admission {
  readonly result: AppResult;
  readonly claim: DeployClaim | null;
}

/** What speaks against a deploy, before anything is done. */
async function admit(fleet: Fleet, name: string, options: DeployOptions): Promise<Admission> {
  let claim: DeployClaim | null = null;
  const result = await attempt(fleet, name, 'deploy', reasonsOf(options), async () => {
    const spec = requireRunning(fleet, name);
    if (options.script !== undefined && spec.script === null) {
      throw new EvenkeelError('BAD_REQUEST', `${name} runs a command and not a script`, {
        hint: 'Change `command` in the config, then reload.',
      });
    }
    claim = await claimDeploy(fleet, name);
    return { ok: true, message: 'accepted' };
  });
  return { result, claim };
}

async function deployOne(
  fleet: Fleet,
  name: string,
  options: DeployOptions,
  claim: DeployClaim,
  notices: string[],
): Promise<AppResult> {
  const reasons = reasonsOf(options);
  return await attempt(fleet, name, 'deploy', reasons, async () => {
    // It may have been stopped since the command was accepted.
    const running = requireRunning(fleet, name);
    const changes = withMovedScript(running, options);
    const work: DeployWork = {
      action: 'deploy',
      spec: overrideSpec(running, mergeOverride(null, changes)),
      reasons,
      timeout: options.timeout ?? null,
      pinned: null,
      claim,
      // A deploy that failed leaves no trace: not in what its successor starts from either.
      override: mergeOverride(afterDeploy(fleet.state.app(name).override), changes),
    };
    return await deployApp(fleet, name, work, notices);
  });
}

/** "deploy", "deploy --env PORT --workers 4": names only, never values of env. */
function reasonsOf({ env, shellEnv, script, cwd, workers }: DeployOptions): readonly string[] {
  const flags = [
    shellEnv === undefined ? '' : ' --shell-env',
    ...Object.entries(env ?? {}).map(([key, value]) => ` ${value === null ? '--unset-env' : '--env'} ${key}`),
    script === undefined ? '' : ` --script ${script}`,
    cwd === undefined ? '' : ` --cwd ${cwd}`,
    workers === undefined ? '' : ` --workers ${workers}`,
  ];
  return [`deploy${flags.join('')}`];
}
