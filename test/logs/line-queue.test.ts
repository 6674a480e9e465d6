import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineQueue } from '../../src/logs/line-queue.ts';

function queueOf(...lines: string[]): LineQueue {
  const queue = new LineQueue();
  for (const text of lines) queue.push(Buffer.from(text));
  return queue;
}

describe('LineQueue', () => {
  it.each([
    ['less than a line: the whole line', 1, 'aa\n'],
    ['a line exactly', 3, 'aa\n'],
    ['one byte more than a line: the next one too', 4, 'aa\nbb\n'],
    ['two buffers', 9, 'aa\nbb\ncc\n'],
    ['all there is', 100, 'aa\nbb\ncc\ndd\n'],
  ])('takes %s', (_, size, expected) => {
    expect(queueOf('aa\nbb\n', 'cc\n', 'dd\n').take(size).toString()).toBe(expected);
  });

  it('gives everything once and in order, in batches that end with a line and exceed the size by less than one', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 }).map((text) => `${text}\n`);
    const buffer = fc.array(line, { minLength: 1, maxLength: 5 }).map((lines) => lines.join(''));
    fc.assert(
      fc.property(fc.array(buffer, { maxLength: 10 }), fc.integer({ min: 1, max: 40 }), (buffers, size) => {
        const queue = queueOf(...buffers);
        const batches: string[] = [];
        while (queue.bytes > 0) batches.push(queue.take(size).toString());
        expect(batches.join('')).toBe(buffers.join(''));
        for (const batch of batches) {
          expect(batch.endsWith('\n')).toBe(true);
          const lastLine = batch.length - (batch.slice(0, -1).lastIndexOf('\n') + 1);
          expect(batch.length - lastLine).toBeLessThan(size);
        }
      }),
    );
  });

  it('gives what was put back before all else', () => {
    const queue = queueOf('aa\nbb\n');
    queue.take(3);
    queue.putBack(Buffer.from('a\n'));
    expect(queue.bytes).toBe(5);
    expect(queue.take(100).toString()).toBe('a\nbb\n');
    expect(queue.take(100)).toHaveLength(0);
  });

  it('counts the lines that it drops', () => {
    const queue = queueOf('aa\nbb\n', '\n');
    expect(queue.clear()).toBe(3);
    expect(queue.bytes).toBe(0);
  });
});
