// Workers with an inspector: each has a port of its own, and a deploy is none the worse for it.
//
// @module-tag more

import { expect, test } from 'vitest';
import { server } from '../support/apps.ts';
import { freePort } from '../support/free-port.ts';
import { createRig } from '../support/rig.ts';

const inspected = async (port: number): Promise<boolean> => {
  const answer = await fetch(`http://127.0.0.1:${port}/json/version`).catch(() => null);
  return answer?.ok === true;
};

test('several workers, and two generations of them, with one --inspect', async () => {
  const [port, inspector] = [await freePort(), await freePort()];
  const node = { args: [`--inspect=127.0.0.1:${inspector}`] };
  await using rig = await createRig({ apps: { web: server('http', port, { node }) } });
  await rig.run('start');
  expect(await inspected(inspector)).toBe(true);
  for (const generation of [2, 3]) {
    await rig.run('deploy', 'web');
    expect(await rig.app('web')).toMatchObject({ generation, ready: 2 });
  }
  // The old generation had them when the second one started, and no more when the third one did.
  expect(await inspected(inspector)).toBe(true);
});
