import { expect, it } from 'vitest';
import { wasAskedFor } from '../../src/core/worker-end.ts';

it.each([
  ['ready', null, false],
  ['ready', 'SIGTERM', false],
  ['booting', null, false],
  ['draining', null, true],
  ['draining', 'SIGINT', true],
  ['draining', 'SIGTERM', false],
  ['draining', 'SIGSEGV', false],
  ['draining', 'SIGKILL', false],
  ['killing', 'SIGKILL', true],
  ['killing', 'SIGABRT', true],
  ['killing', null, true],
] as const)('the end of a worker that is %s, by signal %s, where SIGINT stops it: %s', (state, signal, asked) => {
  expect(wasAskedFor(state, signal, 'SIGINT')).toBe(asked);
});
