// examples/uncaught. Row 8.
//
// @module-tag more

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { copyExample } from '../../support/copy-example.ts';
import { freePort } from '../../support/free-port.ts';
import { createRig } from '../../support/rig.ts';

test('row 8: examples/uncaught: the exception costs its own request, and no other', async () => {
  const port = await freePort();
  await using rig = await createRig();
  copyExample(rig, 'uncaught');
  const config = readFileSync(rig.path('evenkeel.config.yaml'), 'utf8');
  rig.write('evenkeel.config.yaml', config.replaceAll('3000', String(port)));
  await rig.run('start');
  const events = await rig.events();
  const load = rig.load({ port, clients: 16, check: () => '1' });
  await load.more(32);
  await expect(fetch(`http://127.0.0.1:${port}/checkout`)).rejects.toThrow();
  expect(await events.waitFor('worker-exited')).toMatchObject({
    ...{ expected: false, code: 1 },
    reason: expect.stringMatching(
      /^exited with code 1: it had an uncaught exception: TypeError: .*'items'.*server\.mjs/,
    ),
  });
  await load.more(32);
  expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
});
