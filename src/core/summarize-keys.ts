// Pure: changed keys as a list that can be read: a shell brings dozens of variables, and nobody looks for one among them.

import type { KeyChange } from './plan.ts';

/** From so many variables on they are told as one, with the names of the first. */
const MANY = 4;
const NAMED = 3;

/** Each by its reason, the variables where they are many in one: "env: 12 keys changed (A, B, C …)". */
export function reasonsOfKeys(keys: readonly KeyChange[]): readonly string[] {
  return withoutMany(
    keys,
    ({ reason }) => reason,
    (count, named) => `env: ${count} keys changed (${named})`,
  );
}

/** "workers, env (12 keys: A, B, C …)". */
export function namesOfKeys(keys: readonly KeyChange[]): string {
  return withoutMany(
    keys,
    ({ path }) => path,
    (count, named) => `env (${count} keys: ${named})`,
  ).join(', ');
}

function withoutMany(
  keys: readonly KeyChange[],
  one: (key: KeyChange) => string,
  many: (count: number, named: string) => string,
): readonly string[] {
  const variables = keys.filter(isVariable);
  if (variables.length < MANY) return keys.map(one);
  const names = variables.slice(0, NAMED).map(({ path }) => path.slice(PREFIX.length));
  const [first] = variables;
  return keys.flatMap((key) => {
    if (!isVariable(key)) return [one(key)];
    return key === first ? [many(variables.length, `${names.join(', ')} …`)] : [];
  });
}

const PREFIX = 'env.';
const isVariable = ({ path }: KeyChange): boolean => path.startsWith(PREFIX);
