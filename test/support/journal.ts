// Who served when: what the journal of test/e2e/fixtures/journal.mjs (or journal.py) says.

import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import type { Load } from './load.ts';
import { type AppConfig, fixture, type Rig } from './rig.ts';

const CLIENTS = 32;

interface Work {
  readonly generation: number;
  readonly slot: number;
  readonly pid: number;
  /** Microseconds. */
  readonly from: number;
  readonly to: number;
}

/** An app of two workers that is deployed by handover. */
export function journalApp(
  ports: readonly number[],
  env: Readonly<Record<string, string>> = {},
  rest: AppConfig = {},
): AppConfig {
  return {
    script: fixture('journal.mjs'),
    workers: 2,
    listen: [...ports],
    env: { PORTS: ports.join(','), JOURNAL: 'journal', VERSION: '1', ...env },
    deploy: { strategy: 'handover', settle: '200ms' },
    ...rest,
  };
}

/** The generations that served, one after the other. Throws where two did at once. */
export function generationsOf(rig: Rig): readonly number[] {
  return turns(journal(rig), ({ generation }) => generation);
}

/** The processes. */
export function pidsOf(rig: Rig): readonly number[] {
  return turns(journal(rig), ({ pid }) => pid);
}

/** Clients of both kinds on each port; they have all had an answer. */
export async function loads(rig: Rig, ports: readonly number[]): Promise<readonly Load[]> {
  const all = ports.flatMap((port) =>
    (['keep-alive', 'close'] as const).map((mode) => rig.load({ port, clients: CLIENTS, mode })),
  );
  for (const load of all) await load.more(CLIENTS);
  return all;
}

/** Each client has had an answer from then on, and nothing has ever failed. */
export async function expectNoLoss(all: readonly Load[]): Promise<void> {
  for (const load of all) await load.more(2 * CLIENTS);
  for (const load of all) {
    const { failed, errors } = await load.stop();
    expect({ failed, errors }).toEqual({ failed: 0, errors: {} });
  }
}

/** The app `web` is started, reloaded with another environment and deployed, under load. */
export async function expectHandovers(rig: Rig, port: number): Promise<void> {
  await rig.run('start');
  const load = await loads(rig, [port]);
  rig.editEnv('web', { VERSION: '2' });
  await rig.run('reload');
  await rig.run('deploy', 'web');
  await expectNoLoss(load);
  expect(generationsOf(rig)).toEqual([1, 2, 3]);
  expect(await rig.app('web')).toMatchObject({ state: 'online', generation: 3, ready: 2 });
}

/** Every request that was worked on, in the order in which they began. */
function journal(rig: Rig): readonly Work[] {
  if (!existsSync(rig.path('journal'))) return [];
  const works = rig
    .read('journal')
    .trimEnd()
    .split('\n')
    .map((line): Work => {
      const [generation = 0, slot = 0, pid = 0, from = 0, to = 0] = line.split(' ').map(Number);
      return { generation, slot, pid, from, to };
    });
  return works.toSorted((one, other) => one.from - other.from);
}

function turns(works: readonly Work[], who: (work: Work) => number): readonly number[] {
  const order: number[] = [];
  let last: Work | null = null;
  for (const work of works) {
    if (last !== null && who(last) !== who(work) && work.from < last.to) {
      throw new Error(`${who(last)} and ${who(work)} served at once: ${JSON.stringify([last, work])}`);
    }
    if (order.at(-1) !== who(work)) order.push(who(work));
    if (last === null || work.to > last.to) last = work;
  }
  return order;
}
