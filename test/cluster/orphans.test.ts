import { existsSync, renameSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { OrphanWorker } from '../../src/cluster/orphan-worker.ts';
import { type OrphanPorts, Orphans } from '../../src/cluster/orphans.ts';
import type { KnownWorker } from '../../src/platform/cluster-record.ts';
import { agentsSocketFor } from '../../src/platform/paths.ts';
import { isAlive } from '../../src/platform/process-identity.ts';
import { leadsSessionOf } from '../../src/platform/worker-facts.ts';
import { eventually } from '../support/eventually.ts';
import { type FakeFacts, FakeOrphan } from '../support/fake-orphan.ts';
import { needsRoot } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';

interface Options extends Partial<OrphanPorts> {
  readonly recorded?: readonly KnownWorker[];
  /** The predecessor did not end by itself. */
  readonly killed?: boolean;
}

async function listening({ recorded = [], killed = false, ...ports }: Options = {}) {
  const path = join(tempDir(), 'agents.sock');
  if (killed) await leaveSocket(path);
  const found: OrphanWorker[] = [];
  const orphans = new Orphans(recorded, {
    ...{ app: 'web', nextKey: () => 1, isOwn: () => false, stopSignal: () => 'SIGUSR2', onQuiet: () => {} },
    ...{ uid: () => null, onDrained: () => {}, lastGeneration: () => 10 },
    onFound: (orphan) => void found.push(orphan),
    ...ports,
  });
  await orphans.listen(path);
  onTestFinished(() => orphans.close());
  return { orphans, path, found };
}

/** A socket behind which nobody is. */
async function leaveSocket(path: string): Promise<void> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.moved`, resolve));
  renameSync(`${path}.moved`, path);
  await new Promise((resolve) => server.close(resolve));
}

const known = (worker: FakeOrphan, more: Partial<KnownWorker> = {}): KnownWorker => ({
  ...{ key: 7, slot: 0, generation: 1, identity: worker.identity, hasAgent: true, startedAt: 1 },
  ...more,
});

it('there is no listener to keep any more once nobody is to connect', async () => {
  const { orphans, path } = await listening();
  expect(orphans.listener?.isThere).toBe(true);
  orphans.close();
  expect([orphans.listener, existsSync(path)]).toEqual([null, false]);
});

describe('who is an orphan', () => {
  it('whoever was written down and lives', async () => {
    const [alive, dead] = [new FakeOrphan(), new FakeOrphan()];
    dead.end();
    await dead.ended;
    const { orphans } = await listening({ recorded: [known(alive), known(dead, { key: 8 })] });
    expect(orphans.workers.map(({ identity }) => identity.pid)).toEqual([alive.pid]);
    alive.end();
    await orphans.workers[0]?.ended;
    expect(orphans.workers).toEqual([]);
  });

  it('whoever says so, with a key that nobody has had', async () => {
    const [recorded, first, second] = [new FakeOrphan(), new FakeOrphan({ slot: 3, generation: 9 }), new FakeOrphan()];
    const { orphans, path, found } = await listening({ recorded: [known(recorded)] });
    await first.connect(path, { startedAt: 5 });
    await orphans.find(({ identity }) => identity.pid === first.pid);
    await second.connect(path);
    await orphans.find(({ identity }) => identity.pid === second.pid);
    expect(found).toMatchObject([
      { key: 8, slot: 3, generation: 9, startedAt: 5, identity: first.identity },
      { key: 9, slot: 0, generation: 1, identity: second.identity },
    ]);
  });

  it('is found once, however often its agent connects', async () => {
    const worker = new FakeOrphan();
    const { orphans, path, found } = await listening({ killed: true });
    for (const sockets of [['1'], ['2']]) {
      await worker.connect(path, { sockets });
      await orphans.find((orphan) => orphan.sockets.includes(sockets[0] ?? ''));
    }
    expect(found).toHaveLength(1);
  });

  it.each([
    ['of another app', { app: 'api' }],
    ['that is not there', { pid: 2 ** 22 + 1 }],
  ])('no process %s', async (_what, hello) => {
    const { path, found } = await listening();
    const agent = await new FakeOrphan().connect(path, hello);
    await agent.closed;
    expect(found).toEqual([]);
  });

  it('no worker of ours whose link broke: it stays connected', async () => {
    const worker = new FakeOrphan();
    const { orphans, path, found } = await listening({ killed: true, isOwn: (pid) => pid === worker.pid });
    const own = await worker.connect(path);
    const other = new FakeOrphan();
    await other.connect(path);
    await orphans.find(({ identity }) => identity.pid === other.pid);
    expect(found.map(({ identity }) => identity.pid)).toEqual([other.pid]);
    expect(own.socket.destroyed).toBe(false);
  });
});

/** An id that nobody has. */
const STRANGER = 54_321;

describe('who only says that it is one', () => {
  const cases: readonly (readonly [string, FakeFacts, Record<string, unknown>])[] = [
    ['a process of another app', { app: 'api' }, { app: 'web' }],
    ['a process that nobody has started as a worker', { marked: false }, {}],
    ['a worker that names another slot', { slot: 1 }, { slot: 2 }],
    ['a worker that names another generation', { generation: 1 }, { generation: 2 }],
    ['a generation that would use up all numbers', { generation: 2 ** 53 - 1 }, {}],
    ['no generation at all', { generation: 0 }, {}],
    ['a slot that no app has', { slot: 1024 }, {}],
    ['a part of another session', { leads: false }, {}],
  ];
  it.each(cases)('is refused: %s', async (_what, facts, hello) => {
    const { path, found, orphans } = await listening({ killed: true });
    const agent = await new FakeOrphan(facts).connect(path, hello);
    await agent.closed;
    expect([found, orphans.workers]).toEqual([[], []]);
  });

  it('is refused where it is another user’s, however well it looks', async (context) => {
    needsRoot(context, 'start processes as another user');
    const { path, found } = await listening({ killed: true });
    const agent = await new FakeOrphan({ uid: STRANGER }).connect(path);
    await agent.closed;
    expect(found).toEqual([]);
  });

  it('on the socket of a user, is refused where it is not that user’s, also for one that was written down', async (context) => {
    needsRoot(context, 'start processes as another user');
    const [recorded, ours] = [new FakeOrphan({ uid: STRANGER }), new FakeOrphan()];
    const other = new FakeOrphan({ generation: 2 });
    const recordings = [known(recorded), known(other, { key: 8, generation: 2 })];
    const uid = (generation: number): number | null => (generation === 1 ? STRANGER : null);
    const { path, found, orphans } = await listening({ recorded: recordings, uid });
    const theirs = agentsSocketFor(path, STRANGER);
    for (const victim of [ours, other]) await (await victim.connect(theirs)).closed;
    expect(found).toEqual([]);
    await recorded.connect(theirs, { sockets: ['80'] });
    expect((await orphans.find(({ sockets }) => sockets.includes('80')))?.identity).toEqual(recorded.identity);
    for (const worker of [recorded, other]) worker.end();
    await Promise.all(orphans.workers.map(({ ended }) => ended));
  });

  it('is told neither to drain nor killed once it has become somebody else’s: it counts as gone', async (context) => {
    needsRoot(context, 'become another user');
    const { orphans, path } = await listening({ killed: true });
    const worker = new FakeOrphan({ becomes: STRANGER });
    await worker.connect(path);
    const orphan = await orphans.find(() => true);
    worker.turn();
    await eventually('it is another user', () => leadsSessionOf(worker.pid, STRANGER));
    expect(orphan?.signal('SIGTERM')).toBe(false);
    await orphan?.kill();
    await orphan?.ended;
    expect(isAlive(worker.identity)).toBe(true);
    expect(orphans.workers).toEqual([]);
  });

  it('cannot be older than its machine, nor from the future', async () => {
    const { orphans, path } = await listening({ killed: true });
    await new FakeOrphan().connect(path, { startedAt: 1e300 });
    const orphan = await orphans.find(() => true);
    expect(() => new Date(orphan?.startedAt ?? Number.NaN).toISOString()).not.toThrow();
  });
});

describe('waiting for orphans', () => {
  it('is over at once where the process before ended by itself', async () => {
    const { orphans } = await listening();
    await orphans.allKnown();
    expect(await orphans.find(() => true)).toBeNull();
  });

  it.each([
    ['it was killed, as its socket shows', () => ({ killed: true })],
    ['one is written down', () => ({ recorded: [known(new FakeOrphan())] })],
  ])('takes as long as an agent may need where %s', async (_why, options) => {
    const { orphans, path } = await listening(options());
    const late = new FakeOrphan();
    const finding = orphans.find(({ identity }) => identity.pid === late.pid);
    await late.connect(path);
    expect((await finding)?.identity).toEqual(late.identity);
    expect(await orphans.find(({ sockets }) => sockets.length > 0)).toBeNull();
  });
});

describe('draining', () => {
  it('is told to the agent, also to one that connects later', async () => {
    const worker = new FakeOrphan();
    const { orphans, path } = await listening({ recorded: [known(worker)] });
    orphans.workers[0]?.drain(60_000);
    const agent = await worker.connect(path);
    expect((await agent.told('drain')).timeout).toBeGreaterThan(50_000);
  });

  it('is the stop signal for a program without agent, at once', async () => {
    const worker = new FakeOrphan();
    const { orphans } = await listening({ recorded: [known(worker, { hasAgent: false })] });
    orphans.workers[0]?.drain(60_000);
    expect(await worker.ended).toBe('SIGUSR2');
  });

  it('is told by signal where no agent comes, which is nothing to a program that does not know it', async () => {
    const worker = new FakeOrphan();
    const { orphans } = await listening({ recorded: [known(worker)] });
    const signal = vi.spyOn(process, 'kill');
    onTestFinished(() => signal.mockRestore());
    orphans.workers[0]?.drain(60_000);
    await vi.waitFor(() => expect(signal).toHaveBeenCalledWith(worker.pid, 'SIGURG'), 10_000);
    expect(isAlive(worker.identity)).toBe(true);
  });
});

describe('a connection for sockets', () => {
  it('is opened by the orphan that is asked', async () => {
    const worker = new FakeOrphan();
    const { orphans, path } = await listening({ recorded: [known(worker)] });
    const agent = await worker.connect(path, { sockets: ['3000'] });
    const orphan = await orphans.find(({ sockets }) => sockets.includes('3000'));
    if (orphan === null) throw new Error('not found');
    const connection = orphans.connectionFor(orphan, ['3000']);
    expect(await agent.told('offer-sockets')).toEqual({ type: 'offer-sockets', addresses: ['3000'] });
    const offering = net.connect(path);
    offering.write(`${JSON.stringify({ type: 'offer-sockets', addresses: ['3000'], pid: worker.pid })}\n`);
    (await connection).end('over');
    const [said] = await new Promise<Buffer[]>((resolve) => offering.once('data', (...data) => resolve(data)));
    expect(String(said)).toBe('over');
  });

  it('is refused to whoever was not asked', async () => {
    const { path } = await listening();
    const offering = net.connect(path);
    offering.write(`${JSON.stringify({ type: 'offer-sockets', addresses: [], pid: 1 })}\n`);
    await new Promise((resolve) => offering.once('close', resolve));
  });

  it('fails when the orphan is gone, or cannot be told', async () => {
    const worker = new FakeOrphan();
    const { orphans, path } = await listening({ recorded: [known(worker)] });
    const [orphan] = orphans.workers;
    if (orphan === undefined) throw new Error('not there');
    await expect(orphans.connectionFor(orphan, ['3000'])).rejects.toThrow('did not offer');
    await worker.connect(path, { sockets: ['3000'] });
    await orphans.find(({ sockets }) => sockets.length > 0);
    const connection = orphans.connectionFor(orphan, ['3000']);
    worker.end();
    await expect(connection).rejects.toThrow('did not offer');
  });
});

it('the socket is there until it is closed', async () => {
  const { orphans, path } = await listening();
  expect(existsSync(path)).toBe(true);
  orphans.close();
  expect(existsSync(path)).toBe(false);
});

it('another process that listens there is not pushed aside', async () => {
  const { path } = await listening();
  const second = new Orphans([], {
    ...{ app: 'web', nextKey: () => 1, isOwn: () => false, stopSignal: () => 'SIGTERM' },
    ...{ uid: () => null, lastGeneration: () => 1, onQuiet: () => {}, onDrained: () => {}, onFound: () => {} },
  });
  await expect(second.listen(path)).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
});
