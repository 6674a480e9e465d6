// A manager that is stopped (SIGSTOP) takes what it is asked for when it goes on: no command says that it has not been done.
//
// @module-tag more

import { expect, test } from 'vitest';
import { server } from '../support/apps.ts';
import { freePort } from '../support/free-port.ts';
import { createRig } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';

test('a deploy runs out of patience, says that it may still be carried out, and it is', LONG, async () => {
  await using rig = await createRig({ apps: { web: server('http', await freePort(), { workers: 1 }) } });
  await rig.run('start');
  const events = await rig.events();
  const { pid } = (await rig.status()).manager;
  process.kill(pid, 'SIGSTOP');
  try {
    const { code, stderr } = await rig.cli('deploy', 'web');
    expect(code).toBe(4);
    expect(stderr).toMatch(/the manager does not answer; what it was asked for may still be carried out/);
    expect(stderr).toMatch(/hint: .*evenkeel history APP/);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  expect(await events.waitFor('deploy-finished')).toMatchObject({ generation: 2, outcome: 'done' });
});
