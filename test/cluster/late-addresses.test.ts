import { expect, it } from 'vitest';
import { missingAddresses, patienceFor, withoutOne } from '../../src/cluster/late-addresses.ts';

it.each([
  [[], [], []],
  [[], ['3000'], []],
  [['3000', '3001'], ['3000'], ['3001']],
  [['3000', '3001'], ['3001', '3002', '3000'], []],
  [['3000', '3001'], ['3002'], ['3000', '3001']],
  [['3000'], ['3001'], []],
])('of %j, with %j: %j are missing', (before, seen, missing) => {
  expect(missingAddresses(before, seen)).toEqual(missing);
});

it.each([
  [['3000', '3001', '3000'], '3000', ['3001', '3000']],
  [['3000'], '3001', ['3000']],
])('of %j, %s was closed: %j is left', (addresses, closed, left) => {
  expect(withoutOne(addresses, closed)).toEqual(left);
});

it.each([
  ['a few seconds', 60_000, 1_000, 5_000],
  ['a share of a short timeout', 4_000, 0, 1_000],
  ['half of what is left', 30_000, 29_000, 500],
  ['nothing', 30_000, 31_000, 0],
])('a worker has %s for them', (_name, timeout, elapsed, patience) => {
  expect(patienceFor(timeout, elapsed)).toBe(patience);
});
