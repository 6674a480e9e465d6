import { getEventListeners } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { HealthWatch } from '../../src/cluster/health.ts';
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

/** Neither agent nor declared port. */
const NOBODY = { link: null, pid: null, listen: [] };

const checks = (http: string): HealthSpec => ({ http, interval: 1, timeout: 5_000, failures: 2 });

function watch(settings: () => HealthSpec | null, signal = new AbortController().signal) {
  const told: string[] = [];
  const health = new HealthWatch({ settings, ...NOBODY, onUnhealthy: (reason) => told.push(reason) }, signal);
  return { health, told };
}

it('tells after so many failures in a row, once, and asks no more', async () => {
  const answers = [500, 200, 500, 500];
  const { url, asked } = await app(() => answers.shift() ?? 200);
  const { health, told } = watch(() => checks(url));
  expect(health.isOver).toBe(false);
  await health.ended;
  expect(told).toEqual([`failed 2 health checks: GET ${url} answered 500`]);
  expect(asked()).toBe(4);
  expect(health.isOver).toBe(true);
});

it('does not tell what may be secret in the URL', async () => {
  const { url } = await app(() => 500);
  const { health, told } = watch(() => checks(url.replace('://', '://me:hunter2@').concat('h?token=hunter2')));
  await health.ended;
  expect(told).toEqual([`failed 2 health checks: GET ${url}h answered 500`]);
});

it.each([
  ['the checks began', [500, 500], 0],
  ['the last one that passed', [500, 200, 500, 500], 1],
])('tells for how long the worker has not been well: since %s', async (_since, answers, well) => {
  const asked: number[] = [];
  const { url } = await app(() => {
    asked.push(performance.now());
    return answers[asked.length - 1] ?? 500;
  });
  const told: { readonly sickFor: number; readonly at: number }[] = [];
  const onUnhealthy = (_reason: string, sickFor: number): void => void told.push({ sickFor, at: performance.now() });
  const begun = performance.now();
  await new HealthWatch({ settings: () => checks(url), ...NOBODY, onUnhealthy }, new AbortController().signal).ended;
  const [{ sickFor, at } = { sickFor: Number.NaN, at: 0 }] = told;
  const [from = 0, last = 0] = [well === 0 ? begun : asked[well], asked.at(-1)];
  expect(sickFor).toBeLessThanOrEqual(at - from);
  // The first check that failed came after that.
  expect(sickFor).toBeGreaterThanOrEqual(last - (asked[well === 0 ? 0 : well + 1] ?? 0));
});

it('leaves no listener behind, however often it asks', async () => {
  const { signal } = new AbortController();
  const most: number[] = [];
  const { url, asked } = await app(() => 200);
  const settings = (): HealthSpec | null => {
    most.push(getEventListeners(signal, 'abort').length);
    return asked() === 30 ? null : checks(url);
  };
  await watch(settings, signal).health.ended;
  expect(Math.max(...most)).toBeLessThanOrEqual(1);
});

it('leaves no listener behind when it is over', async () => {
  const { signal } = new AbortController();
  for (let times = 0; times < 20; times += 1) await watch(() => null, signal).health.ended;
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

it('makes no check that was turned off while it waited', async () => {
  const { url, asked } = await app(() => 500);
  const answers = [checks(url), null];
  await watch(() => answers.shift() ?? null).health.ended;
  expect(asked()).toBe(0);
});

it('goes by a shorter interval at once', async () => {
  const { url } = await app(() => 500);
  let interval = 3_600_000;
  const { health, told } = watch(() => ({ ...checks(url), interval }));
  interval = 1;
  health.refresh();
  await health.ended;
  expect(told).toHaveLength(1);
});

it('ends at once when it is turned off, and when nobody wants to know any more', async () => {
  let settings: HealthSpec | null = { ...checks('/'), interval: 3_600_000 };
  const off = watch(() => settings);
  const released = new AbortController();
  const left = watch(() => ({ ...checks('/'), interval: 3_600_000 }), released.signal);
  settings = null;
  off.health.refresh();
  released.abort();
  await Promise.all([off.health.ended, left.health.ended]);
  expect([off.told, left.told]).toEqual([[], []]);
});
