// A deploy of the app `web` that is held in one of its phases until the test lets it go on.

import { createServer } from 'node:net';
import type { CliProcess } from './cli-process.ts';
import type { Puppet } from './puppet.ts';
import type { Rig } from './rig.ts';

export const WORKERS = 2;

export type HeldPhase = 'preparing' | 'booting' | 'settling' | 'retiring' | 'finishing';

export interface HeldDeploy {
  readonly command: CliProcess;
  /** The workers of generation 2, where the phase has them. */
  readonly fresh: readonly Puppet[];
  /** The old worker that has a request to finish. */
  readonly holder: Puppet | null;
  /** Lets it go on; what it waits for may be gone. */
  readonly release: () => Promise<void>;
}

/** The workers of a generation of `web`, once they have come. */
export async function workersOf(rig: Rig, generation: number): Promise<readonly Puppet[]> {
  const next = () => rig.puppets.next((hello) => hello.app === 'web' && hello.generation === generation);
  const workers: Puppet[] = [];
  for (let slot = 0; slot < WORKERS; slot += 1) workers.push(await next());
  return workers;
}

/** Begins a deploy of `web` with these variables besides its own. */
export type Begin = (rig: Rig, env: Readonly<Record<string, string>>) => CliProcess;

export const byDeploy: Begin = (rig, env) =>
  rig.spawnCli(['deploy', 'web', ...Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`])]);

export const byReload: Begin = (rig, env) => {
  rig.editEnv('web', env);
  return rig.spawnCli(['reload']);
};

/** `web` has WORKERS puppets that listen on `port`, and settles for as long as the test needs. */
export async function holdDeploy(
  rig: Rig,
  { port, phase, old }: { readonly port: number; readonly phase: HeldPhase; readonly old: readonly Puppet[] },
  begin = byDeploy,
): Promise<HeldDeploy> {
  const deploy = (env = {}): CliProcess => begin(rig, { VERSION: '2', ...env });
  switch (phase) {
    case 'preparing':
    case 'finishing': {
      const hook = await hookThatWaits(rig);
      rig.editDeploy('web', { [phase === 'preparing' ? 'before' : 'after']: [hook.command] });
      await rig.run('reload');
      const command = deploy();
      const release = await hook.waits;
      const fresh = phase === 'preparing' ? [] : await workersOf(rig, 2);
      return { command, fresh, holder: null, release: async () => release() };
    }
    case 'booting': {
      const command = deploy({ PORT: '' });
      const fresh = await workersOf(rig, 2);
      const listen = (worker: Puppet) => worker.listen(port).catch(() => undefined);
      return { command, fresh, holder: null, release: async () => void (await Promise.all(fresh.map(listen))) };
    }
    case 'settling': {
      const command = deploy();
      const fresh = await workersOf(rig, 2);
      await rig.appWhere('web', 'is settling', (app) => app.deploy?.phase === 'settling');
      return { command, fresh, holder: null, release: async () => undefined };
    }
    case 'retiring': {
      const { holder, end } = await heldRequest(port, old);
      const command = deploy();
      const fresh = await workersOf(rig, 2);
      await rig.appWhere('web', 'is retiring', (app) => app.deploy?.phase === 'retiring');
      return { command, fresh, holder, release: end };
    }
  }
}

/** A request that one of the workers keeps. */
async function heldRequest(
  port: number,
  workers: readonly Puppet[],
): Promise<{ readonly holder: Puppet; readonly end: () => Promise<void> }> {
  const answer = fetch(`http://127.0.0.1:${port}/held`).then(
    (response) => response.text(),
    () => 'cut',
  );
  const [holder, request] = await Promise.race(
    workers.map(async (worker): Promise<[Puppet, number]> => [worker, await worker.heldRequest()]),
  );
  const end = async (): Promise<void> => {
    await holder.end(request, 'finished').catch(() => undefined);
    await answer;
  };
  return { holder, end };
}

/** A hook that ends when the test says so; `waits` gives what ends it, once it runs. */
export async function hookThatWaits(
  rig: Rig,
): Promise<{ readonly command: readonly string[]; readonly waits: Promise<() => void> }> {
  const path = rig.path('hook.sock');
  const server = createServer();
  const waits = new Promise<() => void>((resolve) => {
    server.once('connection', (socket) => resolve(() => socket.end()));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  rig.defer(() => void server.close());
  const code = 'require("node:net").connect(process.argv[1]).resume()';
  return { command: ['node', '-e', code, path], waits };
}
