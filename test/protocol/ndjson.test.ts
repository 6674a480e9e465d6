import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, type Frame, FrameDecoder } from '../../src/protocol/ndjson.ts';

const LIMIT = 40;

function decodeAll(chunks: readonly string[], maxLength?: number): Frame[] {
  const decoder = new FrameDecoder(maxLength);
  return chunks.flatMap((chunk) => decoder.push(chunk));
}

/** A text, and the same in pieces. */
const chunked = fc
  .array(fc.oneof(fc.json({ maxDepth: 2 }), fc.string({ unit: fc.constantFrom('{', '"', ' ', 'ü', '\0', '\r') })))
  .map((lines) => lines.map((line) => `${line}\n`).join(''))
  .chain((text) => fc.tuple(fc.constant(text), fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 })))
  .map(([text, sizes]) => {
    const chunks: string[] = [];
    for (let at = 0, turn = 0; at < text.length; turn += 1) {
      const size = sizes[turn % sizes.length] ?? 1;
      chunks.push(text.slice(at, at + size));
      at += size;
    }
    return { text, chunks };
  });

describe('FrameDecoder', () => {
  it('gives back what was encoded', () => {
    const values = fc.array(fc.jsonValue());
    fc.assert(
      fc.property(values, (list) => {
        const expected = list.map((value) => ({ ok: true, value: JSON.parse(JSON.stringify(value)) as unknown }));
        expect(decodeAll([list.map(encodeFrame).join('')])).toEqual(expected);
      }),
    );
  });

  it('takes no notice of how a text comes in pieces', () => {
    fc.assert(
      fc.property(chunked, ({ text, chunks }) => {
        expect(decodeAll(chunks, LIMIT)).toEqual(decodeAll([text], LIMIT));
      }),
    );
  });

  it('reports a line that is too long once, keeps nothing of it, and goes on with the next', () => {
    const decoder = new FrameDecoder(LIMIT);
    const frames = [
      ...Array.from({ length: 10 }, () => decoder.push('x'.repeat(LIMIT))).flat(),
      ...decoder.push('\n1\n'),
    ];
    expect(frames).toEqual([
      { ok: false, reason: `a line is longer than ${LIMIT} characters` },
      { ok: true, value: 1 },
    ]);
  });

  it('takes a line of exactly the limit', () => {
    const text = JSON.stringify('x'.repeat(LIMIT - 2));
    expect(decodeAll([text, '\n'], LIMIT)).toEqual([{ ok: true, value: JSON.parse(text) }]);
  });

  it('takes a long line in small pieces without going over it again and again', { timeout: 10_000 }, () => {
    const decoder = new FrameDecoder();
    const piece = 'x'.repeat(256);
    decoder.push('"');
    for (let count = 0; count < 60_000; count += 1) decoder.push(piece);
    expect(decoder.push('"\n')).toEqual([{ ok: true, value: piece.repeat(60_000) }]);
  });
});
