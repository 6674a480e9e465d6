// examples/handover. Row 12: a named resource is handed over.
//
// @module-tag more

import { expect, test } from 'vitest';
import { copyExample } from '../../support/copy-example.ts';
import { freePort } from '../../support/free-port.ts';
import { createRig, type Rig } from '../../support/rig.ts';
import { LONG } from '../../support/tiers.ts';

/** Every number that was handed out under load, over two deploys, in their order. */
async function numbersOf(rig: Rig, editConfig: (text: string) => string = (text) => text): Promise<readonly number[]> {
  const numbers: number[] = [];
  const port = await freePort();
  copyExample(rig, 'handover');
  rig.write('evenkeel.config.yaml', editConfig(rig.read('evenkeel.config.yaml').replaceAll('3000', `${port}`)));
  await rig.run('start');
  const check = (body: string): string => {
    const { version, number } = JSON.parse(body);
    numbers.push(number);
    return version;
  };
  const all = (['keep-alive', 'close'] as const).map((mode) => rig.load({ port, clients: 16, mode, check }));
  for (const load of all) await load.more(16);
  for (const version of ['2', '3']) {
    rig.write('server.mjs', rig.read('server.mjs').replace(/VERSION = '\d'/, `VERSION = '${version}'`));
    await rig.run('deploy', 'numbers');
    for (const load of all) await load.sees(version);
  }
  for (const load of all) expect(await load.stop()).toMatchObject({ failed: 0, errors: {} });
  return numbers.toSorted((one, other) => one - other);
}

test('row 12: examples/handover hands out each number once, over deploys under load', LONG, async () => {
  await using rig = await createRig();
  const numbers = await numbersOf(rig);
  expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1));
  await rig.run('stop');
  expect(Number(rig.read('last-number'))).toBe(numbers.length);
});

test('row 12: and would not if two generations did it at once', async () => {
  await using rig = await createRig();
  const numbers = await numbersOf(rig, (text) => text.replace('strategy: handover', 'strategy: all-at-once'));
  expect(new Set(numbers).size).toBeLessThan(numbers.length);
});
