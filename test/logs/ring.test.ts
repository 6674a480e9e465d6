import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineRing } from '../../src/logs/ring.ts';

const texts = (ring: LineRing, count: number): string[] => ring.newest(count).map(({ line }) => line);

describe('LineRing', () => {
  it('gives the newest lines, oldest first, with slot and stream', () => {
    const ring = new LineRing({ maxLines: 10, maxBytes: 1000 });
    ring.add(0, 'stdout', Buffer.from('a\nb\r\n'));
    ring.add(1, 'stderr', Buffer.from('\nc\n'));
    expect(ring.newest(3)).toEqual([
      { slot: 0, stream: 'stdout', line: 'b' },
      { slot: 1, stream: 'stderr', line: '' },
      { slot: 1, stream: 'stderr', line: 'c' },
    ]);
    expect(texts(ring, 0)).toEqual([]);
    expect(texts(ring, 99)).toEqual(['a', 'b', '', 'c']);
  });

  it('never holds more than its limits, and always the newest line', () => {
    const line = fc.string({ unit: 'grapheme-ascii', maxLength: 30 });
    const batch = fc.array(line, { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.array(batch, { minLength: 1, maxLength: 30 }), (batches) => {
        const ring = new LineRing({ maxLines: 5, maxBytes: 100 });
        const all: string[] = [];
        for (const lines of batches) {
          all.push(...lines);
          ring.add(0, 'stdout', Buffer.from(lines.map((text) => `${text}\n`).join('')));
          expect(ring.bytes).toBeLessThanOrEqual(100);
          const kept = texts(ring, 1000);
          expect(kept.length).toBeGreaterThan(0);
          expect(kept.length).toBeLessThanOrEqual(5);
          expect(kept).toEqual(all.slice(-kept.length));
        }
      }),
    );
  });

  it('keeps the last lines of a buffer that is too large for it, and lets go of the buffer', () => {
    const ring = new LineRing({ maxLines: 100, maxBytes: 10 });
    ring.add(0, 'stdout', Buffer.from('first\nsecond\nthird\n'));
    expect(texts(ring, 10)).toEqual(['third']);
    expect(ring.bytes).toBe(6);
  });

  it('keeps the end of a single line that is too large for it', () => {
    const ring = new LineRing({ maxLines: 100, maxBytes: 5 });
    ring.add(0, 'stdout', Buffer.from('abcdefgh\n'));
    expect(texts(ring, 10)).toEqual(['efgh']);
  });
});
