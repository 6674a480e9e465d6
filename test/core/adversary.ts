// Random moves of a world that means no good, for fast-check: which worker becomes ready, ends, fails or hangs, what
// people ask for meanwhile, and when.

import fc from 'fast-check';
import type { ClusterEvent } from '../../src/core/cluster-event.ts';
import type { Deploy } from '../../src/core/cluster-model.ts';
import { type Process, SETTINGS, Simulator, type StepRecord } from './simulator.ts';

/** `pick` chooses among the workers to which the move can happen; where there is none, nothing happens. */
export type Move =
  | { readonly do: 'ready' | 'at-gate' | 'exit' | 'fail' | 'crash'; readonly pick: number }
  | { readonly do: 'leave' | 'leave-urgently' | 'quiet' | 'drained'; readonly pick: number }
  | { readonly do: 'hooks'; readonly pass: boolean }
  | { readonly do: 'wait' | 'lag'; readonly ms: number }
  | { readonly do: 'scale'; readonly workers: number }
  | { readonly do: 'settings'; readonly limit: number; readonly exclusive: boolean }
  | { readonly do: 'all-leave' | 'abort' }
  /** A worker of a cluster process that was killed tells of itself late. */
  | { readonly do: 'orphan'; readonly slot: number; readonly generation: number }
  /** All goes well for so many events. */
  | { readonly do: 'go-well'; readonly events: number }
  | { readonly do: 'calm' | 'wake' | 'stray' }
  | ({ readonly do: 'deploy' } & DeployMove);

export interface DeployMove {
  readonly strategy: Deploy['strategy'];
  readonly workers: number;
  readonly batch: number;
  readonly settle: number;
  readonly timeout: number;
  readonly hooks: boolean;
  readonly limit: number;
  readonly holdable: boolean;
}

export interface Plot {
  readonly begin: 'nothing' | 'online' | 'rolling' | 'orphans' | 'orphans first' | 'only orphans';
  readonly moves: readonly Move[];
}

const workers = fc.integer({ min: 1, max: 5 });
const limit = fc.constantFrom(0, 0, 3);
const pick = fc.nat({ max: 7 });
const of = <K extends string>(...kinds: readonly K[]): fc.Arbitrary<K> => fc.constantFrom(...kinds);

const deployMove = fc.record({
  do: fc.constant('deploy' as const),
  strategy: fc.constantFrom<Deploy['strategy']>('all-at-once', 'rolling', 'rolling', 'replace', 'handover', 'handover'),
  workers,
  batch: fc.integer({ min: 1, max: 6 }),
  settle: fc.constantFrom(0, 1, 100, 400),
  timeout: fc.constantFrom(300, 2000, 10_000),
  hooks: fc.boolean(),
  limit,
  holdable: fc.boolean(),
});

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: of('ready'), pick }) },
  { weight: 6, arbitrary: fc.record({ do: of('at-gate'), pick }) },
  { weight: 3, arbitrary: fc.record({ do: of('drained'), pick }) },
  { weight: 6, arbitrary: fc.record({ do: of('exit'), pick }) },
  { weight: 3, arbitrary: fc.record({ do: of('fail', 'crash', 'leave', 'leave-urgently', 'quiet'), pick }) },
  { weight: 4, arbitrary: fc.record({ do: of('go-well'), events: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 2, arbitrary: fc.record({ do: of('hooks'), pass: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: of('wait'), ms: fc.constantFrom(1, 50, 100, 500, 1000, 3000) }) },
  { weight: 1, arbitrary: fc.record({ do: of('lag'), ms: fc.constantFrom(1, 100, 2000) }) },
  { weight: 1, arbitrary: fc.record({ do: of('scale'), workers }) },
  { weight: 1, arbitrary: fc.record({ do: of('settings'), limit, exclusive: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: of('calm', 'wake', 'stray') }) },
  { weight: 2, arbitrary: fc.record({ do: of('all-leave', 'abort') }) },
  { weight: 1, arbitrary: fc.record({ do: of('orphan'), slot: fc.nat({ max: 5 }), generation: fc.nat({ max: 3 }) }) },
  { weight: 4, arbitrary: deployMove },
);

const begin = fc.constantFrom<Plot['begin']>(
  ...(['nothing', 'online', 'rolling', 'orphans', 'orphans first', 'only orphans'] as const),
);

export const plots: fc.Arbitrary<Plot> = fc.record({ begin, moves: fc.array(move, { maxLength: 60, size: 'max' }) });

export function play({ begin, moves }: Plot, watch: (record: StepRecord) => void): Simulator {
  const world = new Simulator(watch);
  if (begin === 'online') world.online({ workers: 3 });
  if (begin === 'rolling') rollHalfway(world);
  if (begin === 'orphans') world.resume(['0@1', '1@1', '2@1'], { workers: 3 });
  if (begin === 'orphans first') world.resume(['0@1', '0@2', '1@1'], { orphansFirst: true });
  if (begin === 'only orphans') for (const name of ['0@1', '1@1', '0@2']) world.findOrphan(name);
  for (const move of moves) act(world, move);
  return world;
}

/** The first worker is replaced, the second is being so. */
function rollHalfway(world: Simulator): void {
  world.online({ workers: 3 });
  world.deploy({ workers: 3, strategy: 'rolling' });
  world.calm(({ model: { deploy } }) => deploy?.phase === 'booting' && deploy.range.from === 1);
}

function act(world: Simulator, move: Move): void {
  switch (move.do) {
    case 'ready':
    case 'at-gate':
    case 'drained':
    case 'exit':
    case 'fail':
    case 'crash':
    case 'leave':
    case 'leave-urgently':
    case 'quiet':
      happen(world, move.do, move.pick);
      break;
    case 'hooks':
      if (world.hooksOf !== null) world.hooks(move.pass);
      break;
    case 'wait':
      world.advance(move.ms);
      break;
    case 'lag':
      world.lag(move.ms);
      break;
    case 'go-well': {
      let left = move.events;
      world.calm(() => left-- === 0);
      break;
    }
    case 'calm':
      world.calm();
      break;
    case 'wake':
      world.wake();
      break;
    case 'stray':
      straggle(world);
      break;
    case 'orphan':
      world.findOrphan(`${move.slot}@${move.generation}`);
      break;
    case 'deploy':
      world.deploy({
        ...{ ...move, type: 'deploy' },
        settings: { ...settingsWith(move.limit, move.strategy === 'handover'), holdable: move.holdable },
      });
      break;
    default:
      world.send(request(world, move));
  }
}

type Request = Extract<Move, { readonly do: 'scale' | 'settings' | 'all-leave' | 'abort' }>;

function request(world: Simulator, move: Request): ClusterEvent {
  switch (move.do) {
    case 'scale':
      return { type: 'scale', workers: move.workers };
    case 'settings':
      return settingsMove(world, settingsWith(move.limit, move.exclusive));
    case 'all-leave':
      return { type: 'all-leaving', reason: 'restart.schedule' };
    case 'abort':
      return { type: 'abort', reason: 'somebody asked for it' };
  }
}

/** Live keys change; whether a worker can be held depends on none of them. */
function settingsMove({ model: { current, settings } }: Simulator, changed: typeof SETTINGS): ClusterEvent {
  const holdable = settings[current]?.holdable ?? true;
  return { type: 'settings', generation: current, settings: { ...changed, holdable } };
}

/** Told late, of a worker or a deploy that is no more. */
function straggle(world: Simulator): void {
  world.send({ type: 'worker-exited', key: 9999, how: 'ended', finished: 0, cut: 0, random: 0.5 });
  world.send({ type: 'worker-ready', key: 9999 });
  world.send({ type: 'hooks-passed', generation: 9999 });
}

function happen(world: Simulator, what: Move['do'], pick: number): void {
  const can = (...states: readonly Process['state'][]): Process | undefined => {
    const fit = world.processes.filter(({ state }) => states.includes(state));
    return fit[pick % Math.max(1, fit.length)];
  };
  const booting = can('booting');
  const draining = can('draining');
  const held = can('held');
  const serving = can('held', 'standing-by', 'booting', 'ready');
  const any = can('held', 'standing-by', 'booting', 'ready', 'draining', 'killing');
  if (what === 'ready' && booting !== undefined) world.readyKey(booting.key);
  if (what === 'at-gate' && held !== undefined) world.atGateKey(held.key);
  if (what === 'drained' && draining !== undefined) world.send({ type: 'worker-drained', key: draining.key });
  if (what === 'exit' && any !== undefined) world.exitKey(any.key);
  if (what === 'quiet' && draining !== undefined) world.send({ type: 'worker-quiet', key: draining.key });
  if (serving === undefined) return;
  const { key } = serving;
  if (what === 'fail') world.send({ type: 'worker-failed', key, reason: 'failed its health checks', random: 0.5 });
  if (what === 'crash') world.send({ type: 'worker-crashed', key, reason: 'had an exception', random: 0.5 });
  if (what === 'leave') world.send({ type: 'worker-leaving', key, reason: 'restart.memory', kind: 'upkeep' });
  if (what === 'leave-urgently') world.send({ type: 'worker-leaving', key, reason: 'it asked for it', kind: 'asked' });
}

function settingsWith(limit: number, exclusive: boolean): typeof SETTINGS {
  return { ...SETTINGS, restart: { ...SETTINGS.restart, limit }, exclusive };
}
