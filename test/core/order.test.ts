import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dependencyLevels, dependentsOf } from '../../src/core/order.ts';

const app = (name: string, ...dependsOn: string[]) => ({ name, dependsOn });

describe('dependencyLevels', () => {
  const cases = [
    ['no apps', [], []],
    ['apps on their own, in their order', [app('b'), app('a')], [['b', 'a']]],
    ['a chain, written backwards', [app('c', 'b'), app('b', 'a'), app('a')], [['a'], ['b'], ['c']]],
    ['a diamond', [app('d', 'b', 'c'), app('b', 'a'), app('c', 'a'), app('a')], [['a'], ['b', 'c'], ['d']]],
    ['a dependency that is not among them', [app('a', 'gone')], [['a']]],
    ['a dependency named twice', [app('b', 'a', 'a'), app('a')], [['a'], ['b']]],
    ['a cycle, last', [app('a', 'b'), app('b', 'a'), app('c')], [['c'], ['a', 'b']]],
  ] as const;
  it.each(cases)('%s', (_what, apps, levels) => {
    expect(dependencyLevels(apps)).toEqual(levels);
  });

  it('puts every app once, and after all that it depends on', () => {
    const graph = fc
      .array(fc.array(fc.nat(9), { maxLength: 3 }), { maxLength: 10 })
      // Only on apps with a lower number: no cycles.
      .map((lists) => lists.map((list, at) => app(`${at}`, ...list.filter((on) => on < at).map(String))));
    fc.assert(
      fc.property(graph, (apps) => {
        const order = dependencyLevels(apps).flat();
        expect(order).toHaveLength(apps.length);
        expect(new Set(order)).toEqual(new Set(apps.map(({ name }) => name)));
        for (const { name, dependsOn } of apps) {
          for (const other of dependsOn) expect(order.indexOf(other)).toBeLessThan(order.indexOf(name));
        }
      }),
    );
  });
});

it('dependentsOf turns the arrows round', () => {
  const dependents = dependentsOf([app('web', 'api', 'db'), app('api', 'db')]);
  expect(Object.fromEntries(dependents)).toEqual({ api: ['web'], db: ['web', 'api'] });
});
