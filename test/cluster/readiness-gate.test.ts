// A worker whose gate is shut (strategy handover): when it has come as far as it can, and what it is told then.

import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Readiness } from '../../src/cluster/readiness.ts';
import { WorkerLink } from '../../src/cluster/worker-link.ts';
import type { AppSpec } from '../../src/core/spec.ts';
import { appSpec } from '../support/app-spec.ts';
import { Bell } from '../support/bell.ts';
import { FakeAgent } from '../support/fake-orphan.ts';
import { tempDir } from '../support/temp-dir.ts';

const HANDOVER: AppSpec['deploy'] = { ...appSpec().deploy, strategy: 'handover' };
const PORT: AppSpec['listen'] = [{ kind: 'tcp', host: null, port: 3000 }];

class Scene {
  readonly agent: FakeAgent;
  readonly readiness: Readiness;
  readonly #told: string[];
  readonly #bell: Bell;

  private constructor(agent: FakeAgent, readiness: Readiness, told: string[], bell: Bell) {
    this.agent = agent;
    this.readiness = readiness;
    this.#told = told;
    this.#bell = bell;
  }

  static async open(spec: Partial<AppSpec>, gate: 'open' | 'shut' = 'shut'): Promise<Scene> {
    const [ours, theirs] = await connected();
    const [told, bell] = [[] as string[], new Bell()];
    const tell = (what: string) => (): void => {
      told.push(what);
      bell.ring();
    };
    const process = { identity: null, onMessage: () => {} };
    const ports = { process, link: new WorkerLink(ours), watchLine: () => () => {}, socketFd: () => 0 };
    const all = { ...ports, before: [], onMissing: () => {}, onAtGate: tell('at gate'), onReady: tell('ready') };
    const readiness = new Readiness(appSpec({ deploy: HANDOVER, ...spec }), gate, all, new AbortController().signal);
    return new Scene(new FakeAgent(theirs), readiness, told, bell);
  }

  async tells(...expected: readonly string[]): Promise<void> {
    while (this.#told.length < expected.length) await this.#bell.next(20_000);
    expect(this.#told).toEqual(expected);
  }
}

async function connected(): Promise<readonly [net.Socket, net.Socket]> {
  const path = join(tempDir(), 'link.sock');
  const server = net.createServer().listen(path);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const theirs = net.connect(path);
  const [ours] = await once(server, 'connection');
  onTestFinished(() => void ours.destroy());
  return [ours, theirs];
}

it('one that is about to listen is held until its gate is opened, and ready when it listens', async () => {
  const scene = await Scene.open({ listen: PORT });
  scene.agent.say({ type: 'held', address: '3000' });
  await scene.tells('at gate');
  scene.readiness.openGate();
  await scene.agent.told('open');
  scene.agent.say({ type: 'listening', address: '3000', declared: '3000', named: true });
  await scene.tells('at gate', 'ready');
});

it('one that waits for a resource gets it then, and not before', async () => {
  const scene = await Scene.open({ listen: PORT });
  scene.agent.say({ type: 'ready-for', resource: 'journal' });
  scene.agent.say({ type: 'ready-for', resource: 'lock' });
  await scene.tells('at gate');
  expect(scene.agent.types).toEqual([]);
  scene.readiness.openGate();
  expect(await scene.agent.told('grant')).toEqual({ type: 'grant', resource: 'journal' });
  scene.agent.say({ type: 'ready-for', resource: 'late' });
  await scene.agent.told('grant', ({ resource }) => resource === 'late');
  expect(scene.agent.types).toEqual(['grant', 'grant', 'open', 'grant']);
});

it('one that has to answer first is asked at the gate, before it counts as there', async () => {
  const scene = await Scene.open({ ready: { on: 'http', url: '/up', status: null, timeout: 30_000 } });
  scene.agent.say({ type: 'held', address: '3000' });
  const first = await scene.agent.told('probe');
  scene.agent.say({ type: 'probed', id: first.id, ok: false, detail: 'answered 503' });
  const second = await scene.agent.told('probe', ({ id }) => id > first.id);
  await scene.tells();
  scene.agent.say({ type: 'probed', id: second.id, ok: true, detail: 'answered 200' });
  await scene.tells('at gate');
  expect(scene.agent.types).not.toContain('open');
  scene.readiness.openGate();
  await scene.agent.told('open');
});

it('one that says it is ready without ever listening is ready when its gate is opened', async () => {
  const scene = await Scene.open({ ready: { on: 'message', timeout: 30_000 } });
  scene.agent.say({ type: 'ready' });
  await scene.tells('at gate');
  scene.readiness.openGate();
  await scene.tells('at gate', 'ready');
});

it('where generations serve side by side a resource is given at once', async () => {
  const scene = await Scene.open({ listen: PORT }, 'open');
  scene.agent.say({ type: 'ready-for', resource: 'journal' });
  await scene.agent.told('grant');
  await scene.tells();
});
