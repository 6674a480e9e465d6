// The steps of a random walk: what each does to the real thing, and what it should make of the model.

import { expect } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { isAlive } from '../../support/process-table.ts';
import type { Rig } from '../../support/rig.ts';
import { type AppModel, configOf, type Model, type Strategy } from './model.ts';

export interface Move {
  readonly rig: Rig;
  readonly model: Model;
  readonly name: string;
  readonly app: AppModel;
  /** A number of the step's own, which no step before had. */
  readonly number: number;
  /** 1 to 4. */
  readonly workers: number;
  /** Any integer, to choose by. */
  readonly pick: number;
}

/** Which requests may fail. */
type Loss = 'none' | 'in flight' | 'any';

export interface StepType {
  readonly loss: Loss;
  readonly applies: (app: AppModel) => boolean;
  /** Does it, and says what the model is afterwards. */
  readonly take: (move: Move) => Promise<Model>;
}

const STRATEGIES: readonly Strategy[] = ['all-at-once', 'rolling', 'handover', 'replace'];

const isUp = (app: AppModel): boolean => app.isUp;
const always = (): boolean => true;

export const STEPS = {
  'edit and reload': { loss: 'none', applies: always, take: editAndReload },
  deploy: { loss: 'none', applies: isUp, take: deploy },
  'deploy what throws': { loss: 'none', applies: isUp, take: deployWhatThrows },
  'deploy what hangs, and abort': { loss: 'none', applies: isUp, take: abortDeploy },
  scale: { loss: 'none', applies: isUp, take: scale },
  rollback: { loss: 'none', applies: (app) => app.isUp && app.served.length > 1, take: rollback },
  restart: { loss: 'any', applies: isUp, take: restart },
  stop: { loss: 'any', applies: isUp, take: stop },
  start: { loss: 'any', applies: (app) => !app.isUp, take: start },
  'kill a worker': { loss: 'in flight', applies: isUp, take: killWorker },
  'kill the cluster process': { loss: 'none', applies: isUp, take: killCluster },
  'kill the manager': { loss: 'none', applies: always, take: killManager },
  'kill the manager during a deploy': { loss: 'none', applies: isUp, take: killManagerDuringDeploy },
  'kill the cluster process and the manager': { loss: 'none', applies: isUp, take: killBoth },
  'cut the power': { loss: 'any', applies: always, take: cutPower },
} as const satisfies Record<string, StepType>;

export type StepKind = keyof typeof STEPS;

function changed({ model, name, app }: Move, change: Partial<AppModel>): Model {
  return { ...model, [name]: { ...app, ...change } };
}

/** The file wins over what commands have changed, of every app. */
async function editAndReload(move: Move): Promise<Model> {
  const file = { version: `file-${move.number}`, workers: move.workers };
  const strategy = STRATEGIES[move.pick % STRATEGIES.length] ?? 'all-at-once';
  const edited = changed(move, { file, strategy });
  move.rig.writeConfig(configOf(edited));
  await move.rig.run('reload');
  return Object.fromEntries(
    Object.entries(edited).map(([name, app]) => [name, { ...app, meant: app.file, isPinned: false }]),
  );
}

async function deploy(move: Move): Promise<Model> {
  const version = `deploy-${move.number}`;
  await move.rig.run('deploy', move.name, '--env', `VERSION=${version}`);
  return changed(move, { meant: { ...move.app.meant, version }, isPinned: false });
}

async function deployWhatThrows({ rig, model, name }: Move): Promise<Model> {
  const { code, stderr } = await rig.cli('deploy', name, '--env', 'MOOD=throw');
  expect([code, stderr]).toEqual([1, expect.stringContaining('a bad mood')]);
  return model;
}

async function abortDeploy({ rig, model, name }: Move): Promise<Model> {
  const deploying = rig.spawnCli(['deploy', name, '--env', 'MOOD=hang']);
  await rig.appWhere(name, 'is booting the new generation', (app) => app.deploy?.phase === 'booting');
  await rig.run('abort', name);
  expect((await deploying.ended).code).toBe(1);
  return model;
}

async function scale(move: Move): Promise<Model> {
  const { rig, name, workers } = move;
  await rig.run('scale', `${name}=${workers}`);
  return changed(move, { meant: { ...move.app.meant, workers } });
}

async function rollback(move: Move): Promise<Model> {
  const { rig, name, app, pick } = move;
  const earlier = app.served.slice(0, -1).slice(-3);
  const [generation, meant] = earlier[pick % earlier.length] ?? [0, app.file];
  await rig.run('rollback', name, '--to', `${generation}`);
  return changed(move, { meant: { ...meant, workers: app.meant.workers }, isPinned: true });
}

async function restart({ rig, model, name }: Move): Promise<Model> {
  await rig.run('restart', name);
  return model;
}

async function stop(move: Move): Promise<Model> {
  await move.rig.run('stop', move.name);
  return changed(move, { isUp: false });
}

async function start(move: Move): Promise<Model> {
  await move.rig.run('start', move.name);
  return changed(move, { isUp: true });
}

async function killWorker({ rig, model, name, pick }: Move): Promise<Model> {
  const pids = await rig.pids(name);
  await rig.kill9(pids[pick % pids.length] ?? 0);
  return model;
}

async function killCluster({ rig, model, name }: Move): Promise<Model> {
  const { clusterPid } = await rig.app(name);
  await rig.kill9(clusterPid ?? 0);
  await rig.appWhere(name, 'has another cluster process', (app) => {
    return app.clusterPid !== null && app.clusterPid !== clusterPid && isAlive(app.clusterPid);
  });
  return model;
}

async function killManager({ rig, model }: Move): Promise<Model> {
  await rig.kill9((await rig.status()).manager.pid);
  return startAgain(rig, model);
}

async function killManagerDuringDeploy(move: Move): Promise<Model> {
  const { rig, model, name, number } = move;
  const { pid } = (await rig.status()).manager;
  const version = `deploy-${number}`;
  const deploying = rig.spawnCli(['deploy', name, '--env', `VERSION=${version}`]);
  await rig.appWhere(name, 'is being deployed', (app) => app.deploy !== null);
  await rig.kill9(pid);
  expect((await deploying.ended).code).not.toBe(0);
  await startAgain(rig, model);
  await rig.appWhere(name, 'has ended its deploy', (app) => app.deploy === null && app.state === 'online');
  return changed(move, { meant: { ...move.app.meant, version }, isPinned: false });
}

async function killBoth({ rig, model, name }: Move): Promise<Model> {
  const { pid } = (await rig.status()).manager;
  const { clusterPid } = await rig.app(name);
  await rig.kill9(pid);
  await rig.kill9(clusterPid ?? 0);
  return startAgain(rig, model);
}

async function cutPower({ rig, model }: Move): Promise<Model> {
  await rig.cutPower();
  await eventually('nothing runs', async () => (await rig.cli('status')).code === 3);
  return startAgain(rig, model);
}

/** Brings the manager back, which leaves what was stopped by name as it is. */
async function startAgain(rig: Rig, model: Model): Promise<Model> {
  await rig.run('start');
  return model;
}
