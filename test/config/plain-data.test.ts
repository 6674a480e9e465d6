import { expect, test } from 'vitest';
import { collectFaults } from '../../src/config/fault.ts';
import { formatKeyPath } from '../../src/config/key-path.ts';
import { toPlainData } from '../../src/config/plain-data.ts';

function faultsOf(value: unknown): readonly string[] {
  const { faults, report } = collectFaults();
  toPlainData(value, report);
  return faults.map((fault) => `${formatKeyPath(fault.path)}: ${fault.message}`);
}

test('plain data is copied', () => {
  const value = { a: [1, 'x', null, true], b: { c: {} } };
  const { faults, report } = collectFaults();
  const copied = toPlainData(value, report);
  expect(copied).toEqual(value);
  expect(copied).not.toBe(value);
  expect(faults).toEqual([]);
});

test('keys without a value are not there', () => {
  expect(Object.keys(toPlainData({ a: undefined, b: 1 }, () => {}) ?? {})).toEqual(['b']);
});

test('a key called __proto__ is a key like any other', () => {
  const copied = toPlainData(JSON.parse('{"__proto__":{"x":1}}'), () => {});
  expect(Object.keys(copied ?? {})).toEqual(['__proto__']);
});

test.each([
  [() => 1, 'a function'],
  [Symbol('s'), 'a symbol'],
  [1n, 'a bigint'],
  [new Date(), 'an object of class Date'],
  [new Map(), 'an object of class Map'],
  [Number.NaN, 'this number'],
  [Number.POSITIVE_INFINITY, 'this number'],
])('%s is not config data', (value, name) => {
  expect(faultsOf({ a: [value] })).toEqual([`a[0]: ${name} is not config data`]);
});

test('a value that contains itself is reported', () => {
  const loop: Record<string, unknown> = {};
  loop.self = loop;
  expect(faultsOf({ loop })).toEqual(['loop.self: a value contains itself']);
});

test('the same value may be there twice', () => {
  const shared = { x: 1 };
  expect(faultsOf([shared, shared])).toEqual([]);
});

test('aliases of aliases of aliases end', () => {
  let bomb: unknown = 'x';
  for (let level = 0; level < 12; level += 1) bomb = Array.from({ length: 10 }, () => bomb);
  expect(faultsOf(bomb)).toHaveLength(1);
});
