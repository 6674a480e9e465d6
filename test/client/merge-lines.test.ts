// The last lines of an app, from what is remembered and from files: exactly as many as were asked for.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LogStream, mergeLines, neededFiles } from '../../src/client/merge-lines.ts';
import type { LogLine, LogSnapshot } from '../../src/protocol/cluster-link.ts';

const both: readonly LogStream[] = ['stdout', 'stderr'];

function remembered(...lines: readonly string[]): readonly LogLine[] {
  return lines.map((line) => ({ slot: 0, stream: 'stdout', line }));
}

const file = (stream: LogStream, path: string, size = 100) => ({ stream, path, size });

describe('neededFiles', () => {
  it('reads nothing where enough is remembered', () => {
    expect(neededFiles({ lines: remembered('a', 'b'), files: [file('stdout', '/out')] }, both, 2)).toEqual([]);
  });

  it('asks each file for what is missing, beyond what is remembered of it, up to its size at that time', () => {
    const snapshot = { lines: remembered('a', 'b'), files: [file('stdout', '/out', 70), file('stderr', '/err', 30)] };
    expect(neededFiles(snapshot, both, 5)).toEqual([
      { path: '/out', stream: 'stdout', count: 5, upTo: 70, remembered: 2 },
      { path: '/err', stream: 'stderr', count: 3, upTo: 30, remembered: 0 },
    ]);
  });

  it('reads a file that has both streams once', () => {
    const lines: readonly LogLine[] = [{ slot: 0, stream: 'stderr', line: 'x' }, ...remembered('a')];
    const snapshot = { lines, files: [file('stdout', '/all', 70), file('stderr', '/all', 70)] };
    expect(neededFiles(snapshot, both, 3)).toEqual([
      { path: '/all', stream: 'stdout', count: 3, upTo: 70, remembered: 2 },
    ]);
  });

  it('looks at one stream only where only that is wanted', () => {
    const snapshot = { lines: remembered('a'), files: [file('stdout', '/out'), file('stderr', '/err')] };
    expect(neededFiles(snapshot, ['stderr'], 2)).toEqual([
      { path: '/err', stream: 'stderr', count: 2, upTo: 100, remembered: 0 },
    ]);
  });
});

describe('mergeLines', () => {
  it('gives the last lines of the stream, each once, with the slot where it is known', () => {
    fc.assert(
      fc.property(fc.nat(30), fc.nat(30), fc.nat(40), (written, kept, count) => {
        const all = Array.from({ length: written }, (_, index) => `line ${index}`);
        const known = Math.min(kept, count);
        const lines = remembered(...all.slice(Math.max(0, all.length - known)));
        const snapshot: LogSnapshot = { lines, files: [file('stdout', '/out')] };
        const read = neededFiles(snapshot, both, count).map((request) => ({
          request,
          lines: all.slice(-request.count),
        }));
        const merged = mergeLines(snapshot, both, count, read);
        expect(merged.map(({ line }) => line)).toEqual(count === 0 ? [] : all.slice(-count));
      }),
    );
  });

  it('does not give up lines that were rotated away between the two looks', () => {
    const snapshot: LogSnapshot = { lines: remembered('a', 'b', 'c'), files: [file('stdout', '/out')] };
    const read = neededFiles(snapshot, both, 5).map((request) => ({ request, lines: ['c'] }));
    expect(mergeLines(snapshot, both, 5, read).map(({ line }) => line)).toEqual(['a', 'b', 'c']);
  });
});
