import { expect, it } from 'vitest';
import type { KeyChange } from '../../src/core/plan.ts';
import { namesOfKeys, reasonsOfKeys } from '../../src/core/summarize-keys.ts';

const changed = (path: string): KeyChange => ({ path, kind: 'changed', class: 'deploy', reason: `${path} changed` });
const variables = (count: number) => Array.from({ length: count }, (_, index) => changed(`env.V${index}`));

it('names each variable where they are few', () => {
  const keys = [changed('workers'), ...variables(3)];
  expect(reasonsOfKeys(keys)).toEqual(['workers changed', 'env.V0 changed', 'env.V1 changed', 'env.V2 changed']);
  expect(namesOfKeys(keys)).toBe('workers, env.V0, env.V1, env.V2');
});

it('tells many as one, in the place of the first, and all else as ever', () => {
  const keys = [changed('workers'), ...variables(12), changed('args')];
  expect(reasonsOfKeys(keys)).toEqual(['workers changed', 'env: 12 keys changed (V0, V1, V2 …)', 'args changed']);
  expect(namesOfKeys(keys)).toBe('workers, env (12 keys: V0, V1, V2 …), args');
});
