// What the control API streams, to readers that are slow, that stop reading, and that have closed their side.

import type { IncomingMessage } from 'node:http';
import { expect, it, vi } from 'vitest';
import { deferred } from '../../src/core/deferred.ts';
import { EventFeed, MAX_BACKLOG } from '../../src/manager/api/event-feed.ts';
import { NDJSON } from '../../src/protocol/control-api.ts';
import { appSpec } from '../support/app-spec.ts';
import type { ManagerRig } from '../support/manager-rig.ts';
import { lines, serving } from './api-rig.ts';

type Message = Readonly<Record<string, unknown>>;

/** Three times what may wait for a reader. */
const FLOOD = 3_000;

function flood({ managers }: ManagerRig, count = FLOOD): void {
  const bus = managers.at(-1)?.context.fleet.bus;
  for (let n = 0; n < count; n += 1) {
    const event = { type: 'hook-output', app: 'web', hook: `${n}`, line: 'x'.repeat(1000) } as const;
    bus?.relay({ ...event, time: new Date(0).toISOString() });
  }
}

/** Sums up what came: hook lines in their order, and how many were told to be missing. */
function tally(events: readonly Message[]) {
  const numbers = events.flatMap(({ type, hook }) => (type === 'hook-output' ? [Number(hook)] : []));
  const missing = events.reduce(
    (sum, { type, events: count }) => sum + (type === 'events-skipped' ? Number(count) : 0),
    0,
  );
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  return { came: numbers.length, missing };
}

/** Reads on until `isEnough`. */
async function readUntil(
  response: IncomingMessage,
  isEnough: (seen: readonly Message[]) => boolean,
): Promise<Message[]> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk;
    const seen = text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Message);
    if (isEnough(seen)) return seen;
  }
  throw new Error(`the stream ended early: ${text.slice(-200)}`);
}

it.each(['', '&follow=1'])('past events come whole, however late they are read (%s)', async (follow) => {
  const { rig, api } = await serving(appSpec());
  flood(rig);
  const response = await api.open('GET', `/v1/events?n=${FLOOD}${follow}`);
  expect((await api.ask('GET', '/v1/version')).status).toBe(200);
  const seen = await readUntil(response, (events) => events.length >= FLOOD);
  expect(tally(seen)).toEqual({ came: FLOOD, missing: 0 });
});

it('a reader that sleeps through an operation gets its result, and is told how many events it missed', async () => {
  const { rig, api } = await serving(appSpec());
  rig.script('web').hold = deferred();
  const response = await api.open('POST', '/v1/apps/web/deploy', {}, NDJSON);
  await rig.event('deploy-started', 'web', 2);
  flood(rig);
  rig.script('web').hold?.resolve();
  await rig.event('deploy-finished', 'web', 2);
  // The operation is over when the next one is done.
  await api.ask('POST', '/v1/apps/web/send', { message: null });
  const told: readonly Message[] = await lines(response);
  expect(told.at(-1)).toMatchObject({ type: 'result', result: { ok: true, apps: [{ action: 'deploy' }] } });
  const { came, missing } = tally(told.flatMap(({ event }) => (event === undefined ? [] : [event as Message])));
  expect(came).toBeLessThan(FLOOD);
  // Those of the deploy itself came too late as well.
  expect(came + missing).toBeGreaterThanOrEqual(FLOOD);
  expect(rig.complaints).toEqual([]);
});

it('a refusal reaches a reader that sleeps as well', async () => {
  const { rig, context, api } = await serving(appSpec());
  const { fleet } = context;
  const held = deferred<void>();
  void fleet.lane('web').run('operation', () => held.promise);
  const response = await api.open('POST', '/v1/apps/web/scale', { workers: 3 }, NDJSON);
  await api.ask('GET', '/v1/version');
  flood(rig);
  rig.cluster('web').die();
  held.resolve();
  const told = await lines(response);
  expect(['result', 'error']).toContain(told.at(-1)?.type);
});

it('a follower that lags is told how many events it missed, and goes on', async () => {
  const { rig, api } = await serving(appSpec());
  const response = await api.open('GET', '/v1/events?n=0&follow=1');
  flood(rig);
  expect((await api.ask('GET', '/v1/version')).status).toBe(200);
  const isAll = (events: readonly Message[]): boolean => {
    const { came, missing } = tally(events);
    return came + missing === FLOOD;
  };
  const seen = await readUntil(response, isAll);
  expect(tally(seen).missing).toBeGreaterThan(0);
});

it('what happens while past events are read is told once, after them', async () => {
  const sent: unknown[] = [];
  const lineStream = { write: async (message: unknown) => void sent.push(message), end: () => {} };
  const feed = new EventFeed(lineStream as never, (event) => event);
  const event = (hook: string) => ({ type: 'hook-output', app: 'web', hook, line: '', time: '' }) as const;
  feed.push(event('in the log already'));
  feed.push(event('new'));
  expect(sent).toEqual([]);
  feed.begin((told) => JSON.stringify(told) === JSON.stringify(event('in the log already')));
  await feed.end('the end');
  expect(sent).toEqual([event('new'), 'the end']);
});

it('what waits for a reader is bounded, and room is used again', async () => {
  const sent: Message[] = [];
  const room = deferred<void>();
  const lineStream = {
    async write(message: Message): Promise<void> {
      sent.push(message);
      await room.promise;
    },
    end: () => {},
  };
  const feed = new EventFeed(lineStream as never, (event) => event);
  feed.begin();
  const event = (bytes: number) =>
    ({ type: 'hook-output', app: 'web', hook: '', line: 'x'.repeat(bytes), time: '' }) as const;
  feed.push(event(10));
  feed.push(event(MAX_BACKLOG - 200));
  feed.push(event(500));
  feed.push(event(500));
  room.resolve();
  await vi.waitFor(() => expect(sent).toHaveLength(3));
  feed.push(event(20));
  await feed.end({ type: 'the end' });
  expect(sent.map(({ type, events }) => [type, events])).toEqual([
    ['hook-output', undefined],
    ['hook-output', undefined],
    ['events-skipped', 2],
    ['hook-output', undefined],
    ['the end', undefined],
  ]);
});

it('logs: a line however long, and a snapshot however large, reach their reader', async () => {
  const { rig, api } = await serving(appSpec());
  const cluster = rig.cluster('web');
  cluster.wrote = '\u0001'.repeat(600_000);
  cluster.writes = 'L'.repeat(3_000_000);
  const response = await api.open('GET', '/v1/apps/web/logs?follow=1');
  expect((await api.ask('GET', '/v1/version')).status).toBe(200);
  const seen = await readUntil(response, (messages) => messages.length === 3);
  expect(seen).toMatchObject([
    { type: 'snapshot', lines: [{ line: cluster.wrote }] },
    { type: 'line', line: cluster.writes },
    { type: 'skipped', lines: 3 },
  ]);
});

const half = (method: string, path: string, accept = '*/*'): string =>
  `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: ${accept}\r\n\r\n`;

it.each([
  ['a question', half('GET', '/v1/plan'), '"changes"'],
  ['a change', half('POST', '/v1/reload'), '"ok":true'],
  ['a change whose events are streamed', half('POST', '/v1/apps/web/deploy', NDJSON), '"type":"result"'],
  ['past events', half('GET', '/v1/events?n=1'), '"type"'],
])('who has closed its side gets the answer to %s', async (_what, request, expected) => {
  const { api } = await serving(appSpec());
  const answer = await api.raw(request, true);
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(answer).toContain(expected);
});

it.each(['/v1/events?follow=1&n=1', '/v1/apps/web/logs?follow=1'])(
  'a stream that goes on ends when its reader has closed its side: %s',
  async (path) => {
    const { api } = await serving(appSpec());
    expect(await api.raw(half('GET', path), true)).toMatch(/^HTTP\/1\.1 200 .*"(type|snapshot)"/s);
  },
);

it('a reader that has died is let go of, though nothing is written to it', async () => {
  const { context, api } = await serving(appSpec());
  const unsubscribed = vi.fn();
  const { bus } = context.fleet;
  const subscribe = bus.subscribe.bind(bus);
  vi.spyOn(bus, 'subscribe').mockImplementation((listener) => {
    const off = subscribe(listener);
    return () => {
      unsubscribed();
      off();
    };
  });
  const response = await api.open('GET', '/v1/events?n=0&follow=1');
  response.destroy();
  await vi.waitFor(() => expect(unsubscribed).toHaveBeenCalled());
});
