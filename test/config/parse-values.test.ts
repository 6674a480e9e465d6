import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../src/config/parse-address.ts';
import { MAX_DURATION, parseDuration } from '../../src/config/parse-duration.ts';
import { parseSize } from '../../src/config/parse-size.ts';
import { parseWorkers } from '../../src/config/parse-workers.ts';

describe('a duration', () => {
  test.each([
    [250, 250],
    ['500ms', 500],
    ['1.5s', 1500],
    ['30 s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['24d', 24 * 86_400_000],
  ])('%j is %d ms', (value, expected) => expect(parseDuration(value)).toBe(expected));

  test.each(['', '5', '10 parsecs', '-1s', '1m30s', '5 S', 's', '1e3s', '25d', MAX_DURATION + 1])(
    '%j is none',
    (value) => expect(parseDuration(value)).toBeNull(),
  );
});

describe('a size', () => {
  test.each([
    [1000, 1000],
    ['100B', 100],
    ['512K', 512 * 1024],
    ['10M', 10 * 1024 ** 2],
    ['10mb', 10 * 1024 ** 2],
    ['1.5GiB', 1.5 * 1024 ** 3],
    ['1T', 1024 ** 4],
  ])('%j is %d bytes', (value, expected) => expect(parseSize(value)).toBe(expected));

  test.each(['', '10', '10X', '-1M', 'M', '9999999999T'])('%j is none', (value) => expect(parseSize(value)).toBeNull());
});

describe('a number of workers', () => {
  test.each([
    [3, 8, 3],
    ['3', 8, 3],
    ['max', 8, 8],
    ['max-1', 8, 7],
    ['max - 2', 8, 6],
    ['max-1', 1, 1],
    ['50%', 8, 4],
    ['50%', 3, 1],
    ['10%', 4, 1],
    ['200%', 4, 8],
  ])('%j on %d CPUs is %d', (value, cpus, expected) => expect(parseWorkers(value, cpus)).toBe(expected));

  test.each(['', '0', '2000', '0%', 'min', 'max+1', '-1', '1.5', 'all'])('%j is none', (value) =>
    expect(parseWorkers(value, 4)).toBeNull(),
  );
});

describe('an address', () => {
  test.each([
    [3000, { kind: 'tcp', host: null, port: 3000 }],
    ['3000', { kind: 'tcp', host: null, port: 3000 }],
    ['*:3000', { kind: 'tcp', host: null, port: 3000 }],
    ['127.0.0.1:80', { kind: 'tcp', host: '127.0.0.1', port: 80 }],
    ['localhost:80', { kind: 'tcp', host: 'localhost', port: 80 }],
    ['[::1]:80', { kind: 'tcp', host: '::1', port: 80 }],
    ['./app.sock', { kind: 'unix', path: '/srv/app.sock' }],
    ['/run/app.sock', { kind: 'unix', path: '/run/app.sock' }],
  ])('%j is understood', (value, expected) => expect(parseAddress(value, '/srv')).toEqual(expected));

  test.each(['', 'nope', ':3000', '0', '70000', '::1:80', '[nope]:80', 'a b:80'])('%j is none', (value) =>
    expect(parseAddress(value, '/srv')).toBeNull(),
  );
});
