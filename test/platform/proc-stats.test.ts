import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cpuMicrosOf, parseRss, rssOf } from '../../src/platform/proc-stats.ts';

const hasProc = existsSync('/proc/self/stat');

describe('rssOf and cpuMicrosOf', () => {
  it.runIf(hasProc)('agree with what Node says of itself', () => {
    const rss = rssOf(process.pid) ?? 0;
    expect(rss / process.memoryUsage.rss()).toBeGreaterThan(0.5);
    expect(rss / process.memoryUsage.rss()).toBeLessThan(2);
    const before = process.cpuUsage();
    const micros = cpuMicrosOf(process.pid) ?? 0;
    // The kernel counts in hundredths of a second.
    expect(micros).toBeGreaterThan(0);
    expect(Math.abs(micros - before.user - before.system)).toBeLessThan(200_000);
  });

  it('know nothing of a process that is not there', () => {
    expect([rssOf(4_194_305), cpuMicrosOf(4_194_305)]).toEqual([null, null]);
  });

  it.skipIf(hasProc)('know nothing where the system does not tell', () => {
    expect([rssOf(process.pid), cpuMicrosOf(process.pid)]).toEqual([null, null]);
  });

  it.each([
    ['Name:\tnode\nVmHWM:\t  999 kB\nVmRSS:\t   51234 kB\n', 51_234 * 1024],
    ['Name:\tVmRSS: 1 kB\nState:\tZ (zombie)\n', null],
    ['', null],
  ])('read the memory in %j', (status, expected) => {
    expect(parseRss(status)).toBe(expected);
  });
});
