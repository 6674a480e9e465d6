import { describe, expect, it } from 'vitest';
import { lastWords } from '../../src/logs/last-words.ts';

const STACK = Array.from({ length: 30 }, (_, index) => `    at f${index} (node:net:${index}:1)`);

describe('the last lines of a worker that failed', () => {
  it('are the newest ones', () => {
    expect(lastWords(['a', 'b', 'c'], 2)).toEqual(['b', 'c']);
    expect(lastWords(['a'], 2)).toEqual(['a']);
    expect(lastWords(['a'], 0)).toEqual([]);
    expect(lastWords(['Error: no', ...STACK], 2)).toEqual(STACK.slice(-2));
  });

  it.each([
    'Error: listen EADDRINUSE: address already in use :::3046',
    'TypeError [ERR_INVALID_ARG_TYPE]: The "path" argument must be of type string',
    'Error',
    'Uncaught RangeError: no',
    'MyOwnError: no',
    'Traceback (most recent call last):',
    'Caused by: no database',
  ])('have the line that begins the error, however long its stack is: %s', (line) => {
    const lines = ['booting', line, ...STACK, '}', 'Node.js v20'];
    expect(lastWords(lines, 20)).toEqual([line, '    (14 lines more)', ...STACK.slice(14), '}', 'Node.js v20']);
  });

  it('go on after a second stack of the same error', () => {
    const lines = ['Error: listen no', ...STACK, "Emitted 'error' event on Server instance at:", ...STACK.slice(0, 18)];
    const shown = lastWords(lines, 20);
    expect(shown).toHaveLength(20);
    expect(shown.slice(0, 2)).toEqual(['Error: listen no', '    (31 lines more)']);
  });

  it('are about the last error', () => {
    const lines = ['Error: one', ...STACK, 'Error: two', '    at f (a.js:1:1)'];
    expect(lastWords(lines, 4)).toEqual([...STACK.slice(-2), 'Error: two', '    at f (a.js:1:1)']);
  });
});
