import { describe, expect, it } from 'vitest';
import { inMovingOrder, planMoves } from '../../src/core/address-moves.ts';
import type { RunningApp } from '../../src/core/plan.ts';
import { planChanges } from '../../src/core/plan-changes.ts';
import type { AppSpec } from '../../src/core/spec.ts';
import { appSpec } from '../support/app-spec.ts';

const app = (name: string, ports: readonly number[], more: Partial<AppSpec> = {}): AppSpec =>
  appSpec({ name, listen: ports.map((port) => ({ kind: 'tcp', host: null, port })), ...more });
const runs = (spec: AppSpec): RunningApp => ({ name: spec.name, spec });

describe('planMoves', () => {
  const [web, api] = [app('web', [1]), app('api', [2])];
  it.each<[string, readonly RunningApp[], readonly AppSpec[], readonly string[]]>([
    ['nothing changes', [runs(web), runs(api)], [web, api], []],
    ['one gives up what the other gets', [runs(web), runs(api)], [app('web', []), app('api', [1, 2])], ['1 web api']],
    ['they swap', [runs(web), runs(api)], [app('web', [2]), app('api', [1])], ['2 api web', '1 web api']],
    ['a new app gets it', [runs(web)], [app('web', []), app('new', [1])], ['1 web new']],
    ['an app that is removed had it', [runs(web), runs(api)], [app('api', [2, 1])], ['1 web api']],
    [
      'an app that could not be started gets it',
      [runs(web), { name: 'api', spec: null, down: true }],
      [app('web', []), app('api', [1])],
      ['1 web api'],
    ],
    ['a stopped app would get it', [runs(web), { name: 'api', spec: null }], [app('web', []), app('api', [1])], []],
    ['nobody gets what is given up', [runs(web), runs(api)], [app('web', []), api], []],
    ['nobody had it', [runs(web), runs(api)], [app('web', [1, 3]), api], []],
  ])('%s', (_what, running, desired, moves) => {
    expect(planMoves(running, desired).map(({ address, from, to }) => `${address} ${from} ${to}`)).toEqual(moves);
  });
});

describe('inMovingOrder', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name, dependsOn: [] }));
  const move = (from: string, to: string) => ({ address: '1', from, to });
  it.each([
    ['who gets it comes after who gives it up', [a, b], [move('b', 'a')], { a: ['b'], b: [] }],
    ['a swap has an order, too', [a, b], [move('b', 'a'), move('a', 'b')], { a: ['b'], b: [] }],
    ['so has a circle', [a, b, c], [move('a', 'b'), move('b', 'c'), move('c', 'a')], { a: [], b: ['a'], c: ['b'] }],
    ['a dependency comes first', [a, { name: 'b', dependsOn: ['a'] }], [move('b', 'a')], { a: [], b: ['a'] }],
  ] as const)('%s', (_what, apps, moves, after) => {
    const known = apps.flatMap((one) => one ?? []);
    expect(Object.fromEntries(inMovingOrder(known, moves).map(({ name, dependsOn }) => [name, dependsOn]))).toEqual(
      after,
    );
  });
});

it('a plan says who gives which address to whom', () => {
  const { changes } = planChanges([runs(app('web', [1])), runs(app('api', []))], [app('web', []), app('api', [1])]);
  expect(changes.map(({ app, reasons }) => [app, reasons])).toEqual([
    ['web', ['listen changed', 'gives 1 to api']],
    ['api', ['listen changed', 'takes 1 from web']],
  ]);
});
