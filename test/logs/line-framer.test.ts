import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineFramer } from '../../src/logs/line-framer.ts';

function frame(chunks: readonly Buffer[], longestLine?: number): { buffers: Buffer[]; framer: LineFramer } {
  const buffers: Buffer[] = [];
  const framer = new LineFramer((lines) => buffers.push(Buffer.from(lines)), longestLine);
  for (const chunk of chunks) framer.push(chunk);
  return { buffers, framer };
}

function frameToEnd(chunks: readonly Buffer[], longestLine?: number): Buffer[] {
  const { buffers, framer } = frame(chunks, longestLine);
  framer.end();
  return buffers;
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.map((end, index) => bytes.subarray(index === 0 ? 0 : at[index - 1], end));
}

/** Many newlines and carriage returns, and any byte besides. */
const bytes = fc
  .array(fc.oneof(fc.constant(10), fc.constant(13), fc.integer({ min: 0, max: 255 })), { maxLength: 200 })
  .map((array) => Buffer.from(array));
const places = fc.array(fc.nat(), { maxLength: 30 });

describe('LineFramer', () => {
  it('gives the same lines however they are cut into chunks, and ends the last one', () => {
    fc.assert(
      fc.property(bytes, places, (content, at) => {
        const whole =
          content.length === 0 || content.at(-1) === 10 ? content : Buffer.concat([content, Buffer.from('\n')]);
        expect(Buffer.concat(frameToEnd(cut(content, at)))).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  it('emits nothing but whole lines', () => {
    fc.assert(
      fc.property(bytes, places, (content, at) => {
        for (const lines of frameToEnd(cut(content, at))) expect(lines.at(-1)).toBe(10);
      }),
    );
  });

  it('breaks lines that are too long at the same places however they are cut', () => {
    fc.assert(
      fc.property(bytes, places, fc.integer({ min: 1, max: 20 }), (content, at, longest) => {
        const expected = content
          .toString('latin1')
          .split('\n')
          .flatMap((line, index, all) =>
            line === '' && index === all.length - 1 ? [] : (line.match(new RegExp(`[^]{1,${longest}}`, 'g')) ?? ['']),
          )
          .map((line) => `${line}\n`)
          .join('');
        expect(Buffer.concat(frameToEnd(cut(content, at), longest)).toString('latin1')).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['empty lines', '\n\na\n\n'],
    ['CRLF', 'a\r\nb\r\n'],
    ['a character of several bytes', '€\n€\n'],
  ])('keeps %s as they are', (_, text) => {
    const chunks = [...Buffer.from(text)].map((byte) => Buffer.from([byte]));
    expect(Buffer.concat(frameToEnd(chunks)).toString()).toBe(text);
  });

  it('holds a line back until its end has come', () => {
    const { buffers, framer } = frame([Buffer.from('one\ntw')]);
    expect(buffers.join('')).toBe('one\n');
    expect(framer.partial.toString()).toBe('tw');
    framer.push(Buffer.from('o\n'));
    expect(buffers.join('')).toBe('one\ntwo\n');
  });

  it('keeps a line of 1 MB that comes in small chunks in one piece', () => {
    const chunks = Array.from({ length: 1024 }, () => Buffer.alloc(1024, 'x'));
    const { buffers, framer } = frame([...chunks, Buffer.from('\n')]);
    expect(buffers.map((lines) => lines.length)).toEqual([1024 * 1024 + 1]);
    expect(framer.partial).toHaveLength(0);
  });

  it('does not copy whole lines', () => {
    const chunk = Buffer.from('one\ntwo\n');
    const emitted: Buffer[] = [];
    new LineFramer((lines) => emitted.push(lines)).push(chunk);
    expect(emitted).toHaveLength(1);
    expect(emitted[0]?.buffer).toBe(chunk.buffer);
  });
});
