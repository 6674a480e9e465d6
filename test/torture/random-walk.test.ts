// Long sequences of whatever a user does and whatever can be killed. After each step what runs is what a simple model
// says: in `status`, among the processes of the machine, and in the answers over HTTP. A failure names its seed and the
// steps up to it; EVENKEEL_SEED repeats a walk.

import fc from 'fast-check';
import { describe, expect, type TestContext, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import type { LoadReport } from '../support/load.ts';
import { processesOf } from '../support/process-table.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { LONG, MORE } from '../support/tiers.ts';
import { report, requestsOf } from './finding.ts';
import { type AppModel, configOf, drifts, type Model, newApp } from './walk/model.ts';
import { STEPS, type StepKind, type StepType } from './walk/steps.ts';

const APPS = ['web', 'api'] as const;
const CLIENTS = 4;
const SHORT = 8;
const LENGTH = 60;
/** Of each app that is up, before the next step. */
const REQUESTS = 20;

/** Of a walk that is to be repeated. */
const { EVENKEEL_SEED } = process.env;
const SEEDS = EVENKEEL_SEED === undefined ? Array.from({ length: 4 }, newSeed) : [Number(EVENKEEL_SEED)];

interface Step {
  readonly kind: StepKind;
  readonly name: (typeof APPS)[number];
  readonly workers: number;
  readonly pick: number;
}

const steps: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...(Object.keys(STEPS) as StepKind[])),
  name: fc.constantFrom(...APPS),
  workers: fc.integer({ min: 1, max: 4 }),
  pick: fc.nat({ max: 1000 }),
});

describe('after each step of a random walk all is as it should be', () => {
  test('for a few steps', MORE, (context) => walk(context, SEEDS[0] ?? newSeed(), SHORT));
  test.for(SEEDS)(`for ${LENGTH} steps, seed %i`, LONG, (seed, context) => walk(context, seed, LENGTH));
});

async function walk(context: TestContext, seed: number, length: number): Promise<void> {
  let model: Model = Object.fromEntries(await Promise.all(APPS.map(async (name) => [name, newApp(await freePort())])));
  await using rig = await createRig({ apps: configOf(model).apps });
  const taken: string[] = [];
  const reports: LoadReport[] = [];
  try {
    await rig.run('start');
    model = await expectModel(rig, model);
    for (const [index, step] of fc.sample(steps, { seed, numRuns: length }).entries()) {
      const app = model[step.name];
      const type: StepType = STEPS[step.kind];
      if (app === undefined || !type.applies(app)) continue;
      taken.push(`${step.kind} (${step.name}, ${step.workers} workers, pick ${step.pick})`);
      const loads = loadsOf(rig, model);
      model = await type.take({ rig, model, app, ...step, number: index });
      model = await expectModel(rig, model);
      for (const [name, load] of loads) if (model[name]?.isUp === true) await load.more(REQUESTS);
      for (const [, load] of loads) {
        const loss = await load.stop();
        if (type.loss === 'any') continue;
        reports.push(loss);
        const allowed = type.loss === 'none' ? 0 : CLIENTS;
        expect(loss.failed, JSON.stringify(loss.failures)).toBeLessThanOrEqual(allowed);
      }
    }
  } catch (cause) {
    const path = taken.map((step, index) => `${index + 1}. ${step}`).join('\n');
    throw new Error(`Seed ${seed}:\n${path}\n${JSON.stringify(model)}\n${String(cause)}`, { cause });
  }
  report(context, {
    chapter: 'Random walks',
    fault: `${taken.length} steps: edit, reload, deploy, abort, scale, rollback, stop, start, kill, cut the power`,
    promise: 'P1 to P10',
    requests: requestsOf(...reports),
    result: 'after each step: model, `status`, processes and answers agree',
    seed,
  });
}

function loadsOf(rig: Rig, model: Model) {
  const up = Object.entries(model).filter(([, { isUp }]) => isUp);
  return up.map(([name, { port }]) => [name, rig.load({ port, clients: CLIENTS })] as const);
}

/** Waits for what may take a moment by itself (a killed worker comes back); gives the model with its generations. */
async function expectModel(rig: Rig, model: Model): Promise<Model> {
  const after: Record<string, AppModel> = {};
  for (const [name, app] of Object.entries(model)) {
    const { isUp, meant, served } = app;
    const generation = await eventually(`${name} is as the model says`, () => shownAs(rig, name, app));
    after[name] =
      isUp && served.at(-1)?.[0] !== generation ? { ...app, served: [...served, [generation, meant]] } : app;
    for (const _ of Array(2 * meant.workers).keys()) {
      const answer = await versionAt(app.port);
      expect(answer, name).toBe(isUp ? meant.version : 'refused');
    }
  }
  await eventually('only what is shown runs', async () => {
    const { apps } = await rig.status();
    const shown = apps.flatMap(({ workers }) => workers.map(({ pid }) => pid ?? 0)).toSorted();
    const running = processesOf(rig.dir).filter(({ command }) => command.includes('moody.mjs'));
    return JSON.stringify(running.map(({ pid }) => pid).toSorted()) === JSON.stringify(shown);
  });
  return after;
}

/** The app's generation; null where the status is another than the model's. */
async function shownAs(rig: Rig, name: string, model: AppModel): Promise<number | null> {
  const { state, workers, ready, desired, drift, deploy, generation } = await rig.app(name);
  if (!model.isUp) return state === 'stopped' && workers.length === 0 ? generation : null;
  const isWhole =
    state === 'online' &&
    deploy === null &&
    [workers.length, ready, desired].every((count) => count === model.meant.workers) &&
    workers.every((worker) => worker.generation === generation && worker.state === 'ready');
  return isWhole && drift === drifts(model) ? generation : null;
}

async function versionAt(port: number): Promise<unknown> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
    const { version } = (await response.json()) as { version: unknown };
    return version;
  } catch {
    return 'refused';
  }
}

function newSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}
