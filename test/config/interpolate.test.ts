import { expect, test } from 'vitest';
import { collectFaults } from '../../src/config/fault.ts';
import { interpolate } from '../../src/config/interpolate.ts';

const VARIABLES = { NAME: 'shop', EMPTY: '', _X1: 'y' };

function expand(value: unknown): { readonly result: unknown; readonly messages: readonly string[] } {
  const { faults, report } = collectFaults();
  const result = interpolate(value, { variables: VARIABLES, report });
  return { result, messages: faults.map((fault) => `${fault.path.join('.')}: ${fault.message}`) };
}

const open = '$'.concat('{');

test.each([
  ['plain', 'plain'],
  [`${open}NAME}`, 'shop'],
  [`a-${open}NAME}-${open}_X1}-b`, 'a-shop-y-b'],
  [`${open}EMPTY}`, ''],
  [`${open}NOPE:-default}`, 'default'],
  [`${open}NOPE:-}`, ''],
  [`${open}EMPTY:-default}`, 'default'],
  [`${open}NAME:-default}`, 'shop'],
  [`$${open}NAME}`, `${open}NAME}`],
  ['$NAME costs 5$', '$NAME costs 5$'],
  ['$$$$', '$$'],
  [`$$${open}NAME}`, '$shop'],
  [`${open}NOPE:-def$$ault}`, 'def$ault'],
  [`${open}EMPTY:-$$$$}`, '$$'],
  [`${open}NOPE:-$${open}NAME}}`, `${open}NAME}`],
])('%j becomes %j', (text, expected) => expect(expand(text)).toEqual({ result: expected, messages: [] }));

test('texts are filled in wherever they are, and nothing else is touched', () => {
  const value = { list: [`${open}NAME}`, 1, null], map: { [`${open}NAME}`]: true } };
  expect(expand(value).result).toEqual({ list: ['shop', 1, null], map: { [`${open}NAME}`]: true } });
});

test('every variable that is missing is reported where it is', () => {
  const { result, messages } = expand({ a: `${open}ONE}`, b: [`${open}TWO}${open}THREE}`] });
  expect(messages).toEqual([
    'a: the variable ONE is not set',
    'b.0: the variable TWO is not set',
    'b.0: the variable THREE is not set',
  ]);
  expect(result).toEqual({ a: undefined, b: [undefined] });
});

test.each([`${open}`, `${open}}`, `${open}1X}`, `${open}NAME`, `${open}NAME-x}`, `${open}constructor.name}`])(
  '%j is refused',
  (text) => expect(expand(text).messages).toHaveLength(1),
);

test('the prototype of the environment is not a variable', () => {
  expect(expand(`${open}constructor}`).messages).toEqual([': the variable constructor is not set']);
});

test('a NUL character is refused', () => expect(expand('a\0b').messages).toHaveLength(1));
