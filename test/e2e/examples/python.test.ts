// examples/python. Row 13: programs that are not Node lose no request either, if they end well when they are told to.
//
// @module-tag more

import { describe, expect, test } from 'vitest';
import { exampleRig } from '../../support/example.ts';
import type { Load } from '../../support/load.ts';
import { needsProgram } from '../../support/needs.ts';
import type { Rig } from '../../support/rig.ts';
import { longUnless } from '../../support/tiers.ts';

const CLIENTS = 32;
const PAUSE_MS = 50;
const MODES = ['keep-alive', 'close'] as const;

const PROGRAMS = [
  {
    ...{ name: 'a server of the standard library', folder: 'python', port: 8000, code: 'server.py' },
    ...{ needs: 'python3' as const, keepsAlive: true },
  },
  {
    ...{ name: 'gunicorn', folder: 'python/gunicorn', port: 8001, code: 'app.py' },
    // Its default workers close each connection.
    ...{ needs: 'gunicorn' as const, keepsAlive: false },
  },
] as const;

describe.each(PROGRAMS)('row 13: $name', ({ folder, port: written, code, needs, keepsAlive }) => {
  for (const mode of MODES)
    test(
      `${mode}: deploys, a reload and scaling lose no request`,
      longUnless(mode === 'keep-alive' && keepsAlive),
      async (context) => {
        needsProgram(context, needs);
        const { rig, port } = await exampleRig(folder, written);
        await using _ = rig;
        await rig.run('start');
        const load = rig.load({ port, clients: CLIENTS, pause: PAUSE_MS, mode });
        await load.more(CLIENTS);
        for (const [act, perform] of acts(code)) {
          await perform(rig);
          await load.more(CLIENTS);
          expectNoLoss(act, load);
        }
        if (keepsAlive) expect(load.report().reused > 0).toBe(mode === 'keep-alive');
      },
    );

  test('the code of a generation that fails never serves', longUnless(!keepsAlive), async (context) => {
    needsProgram(context, needs);
    const { rig, port } = await exampleRig(folder, written);
    await using _ = rig;
    await rig.run('start');
    const load = rig.load({ port, clients: CLIENTS });
    rig.write(code, `import time\ntime.sleep(0.5)\nraise Exception("no such table: orders")\n`);
    const { code: exit, stderr } = await rig.cli('deploy', 'web');
    expect(exit).toBe(1);
    expect(stderr).toContain('no such table: orders');
    await load.more(CLIENTS);
    const { failed, failures, versions } = await load.stop();
    expect({ failed, failures, versions: Object.keys(versions) }).toEqual({ failed: 0, failures: [], versions: ['1'] });
  });
});

test('row 13: the death of the cluster process costs a Python server no request', async (context) => {
  needsProgram(context, 'python3');
  const { rig, port } = await exampleRig('python', 8000);
  await using _ = rig;
  await rig.run('start');
  const load = rig.load({ port, clients: CLIENTS });
  await load.more(CLIENTS);
  const { clusterPid, workers } = await rig.app('web');
  const before = workers.map(({ pid }) => pid);
  await rig.kill9(clusterPid ?? 0);
  await rig.appWhere('web', 'has workers of its own again', (app) => {
    return app.state === 'online' && app.workers.every(({ pid, state }) => state === 'ready' && !before.includes(pid));
  });
  await load.more(CLIENTS);
  expectNoLoss('kill -9', load);
});

function acts(code: string): readonly (readonly [string, (rig: Rig) => Promise<unknown>])[] {
  return [
    ['deploy of new code', (rig) => deploy(rig, code, 2)],
    ['deploy of new code again', (rig) => deploy(rig, code, 3)],
    ['reload with an env change', reload],
    ['scale up', (rig) => rig.run('scale', 'web=3')],
    ['scale down', (rig) => rig.run('scale', 'web=1')],
    ['rolling deploy', deployRolling],
  ];
}

async function deploy(rig: Rig, code: string, version: number): Promise<void> {
  rig.write(code, rig.read(code).replace(/VERSION = "\d+"/, `VERSION = "${version}"`));
  await rig.run('deploy', 'web');
}

async function reload(rig: Rig): Promise<void> {
  editConfig(rig, (text) => `${text}    envFile: changed.env\n`);
  rig.write('changed.env', 'GREETING=hello\n');
  await rig.run('reload');
}

async function deployRolling(rig: Rig): Promise<void> {
  editConfig(rig, (text) => `${text}    deploy: { strategy: rolling, settle: 50ms }\n`);
  await rig.run('reload');
  await rig.run('deploy', 'web');
}

function editConfig(rig: Rig, edit: (text: string) => string): void {
  rig.write('evenkeel.config.yaml', edit(rig.read('evenkeel.config.yaml')));
}

function expectNoLoss(act: string, load: Load): void {
  const { answered, failed, failures } = load.lap();
  expect({ act, failed, failures }).toEqual({ act, failed: 0, failures: [] });
  expect(answered).toBeGreaterThan(0);
}
