// examples/single-script: from a script to a config, as its README tells.
//
// @module-tag more

import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { createRig } from '../../support/rig.ts';
import { LONG } from '../../support/tiers.ts';

const EXAMPLE = fileURLToPath(new URL('../../../examples/single-script/server.mjs', import.meta.url));

test(
  'row 1: a script is started, deployed, scaled and brought back without a config; then one is written for it',
  LONG,
  async () => {
    const port = await freePort();
    await using rig = await createRig({ withoutConfig: true });
    cpSync(EXAMPLE, rig.path('server.mjs'));
    const answer = async (): Promise<unknown> => (await fetch(`http://127.0.0.1:${port}/`)).json();
    const version = (number: number) => expect.objectContaining({ greeting: 'Ahoy', version: `${number}` });

    const own = ['--port', String(port), '--greeting', 'Ahoy'];
    await rig.run('start', '--workers', '2', '--stdout', 'server.log', 'server.mjs', ...own);
    expect(await answer()).toEqual(version(1));
    const load = rig.load({ port, clients: 8 });
    await load.more(50);

    await rig.run('deploy', 'server', '--env', 'VERSION=2');
    expect(await answer()).toEqual(version(2));
    await rig.run('scale', 'server=4');
    await load.more(50);
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    expect((await rig.run('logs', 'server', '-n', '5')).stdout).toContain(`listening on ${port}`);

    await rig.run('stop');
    await expect(answer()).rejects.toThrow('fetch failed');
    await rig.run('start');
    expect(await answer()).toEqual(version(2));
    expect(await rig.app('server')).toMatchObject({ ready: 4 });

    await rig.run('init', '--from-running');
    expect(rig.read('evenkeel.config.yaml')).toContain('script: server.mjs');
    expect((await rig.run('plan')).stdout).toMatch(/nothing to do/i);
  },
);
