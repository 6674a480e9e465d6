import { expect, test } from 'vitest';
import { didYouMean, editDistance } from '../../src/config/did-you-mean.ts';

test.each([
  ['timeot', 'timeout', 1],
  ['tiemout', 'timeout', 1],
  ['', 'abc', 3],
  ['same', 'same', 0],
  ['kitten', 'sitting', 3],
])('from %j to %j takes %d steps', (from, to, steps) => {
  expect(editDistance(from, to)).toBe(steps);
  expect(editDistance(to, from)).toBe(steps);
});

test('the nearest word is meant', () => {
  expect(didYouMean('comand', ['cwd', 'command', 'env'])).toBe('did you mean "command"?');
  expect(didYouMean('maxsize', ['maxSize'])).toBe('did you mean "maxSize"?');
});

test('no word is meant when none is near', () => expect(didYouMean('banana', ['cwd', 'env'])).toBeNull());

test('words of any length are compared quickly', () => {
  expect(editDistance('a'.repeat(1_000_000), 'b'.repeat(1_000_000))).toBe(64);
});
