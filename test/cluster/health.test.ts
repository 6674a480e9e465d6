import { getEventListeners } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { watchHealth } from '../../src/cluster/health.ts';
import type { HealthSpec } from '../../src/core/spec.ts';

async function app(answer: () => number): Promise<{ readonly url: string; readonly asked: () => number }> {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.writeHead(answer()).end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked: () => asked };
}

const checks = (http: string): HealthSpec => ({ http, interval: 1, timeout: 5_000, failures: 2 });

it('tells after so many failures in a row, once, and asks no more', async () => {
  const answers = [500, 200, 500, 500];
  const { url, asked } = await app(() => answers.shift() ?? 200);
  const told: string[] = [];
  await watchHealth(
    () => checks(url),
    null,
    new AbortController().signal,
    (reason) => told.push(reason),
  );
  expect(told).toEqual([`failed 2 health checks: GET ${url} answered 500`]);
  expect(asked()).toBe(4);
});

it('leaves no listener behind, however often it asks', async () => {
  const { signal } = new AbortController();
  const most: number[] = [];
  const { url } = await app(() => 200);
  let left = 30;
  const settings = (): HealthSpec | null => {
    most.push(getEventListeners(signal, 'abort').length);
    left -= 1;
    return left === 0 ? null : checks(url);
  };
  await watchHealth(settings, null, signal, () => {});
  expect(Math.max(...most)).toBeLessThanOrEqual(1);
});

it('makes no check that was turned off while it waited', async () => {
  const { url, asked } = await app(() => 500);
  const answers = [checks(url), null];
  await watchHealth(
    () => answers.shift() ?? null,
    null,
    new AbortController().signal,
    () => {},
  );
  expect(asked()).toBe(0);
});
