// What a config prints when it is read is shown, and once.
//
// @module-tag more

import { expect, test } from 'vitest';
import { createRig, fixture } from '../support/rig.ts';

const text = `
console.log('reading the config');
export default { apps: { job: { script: ${JSON.stringify(fixture('worker.mjs'))}, ready: { on: 'message' } } } };
`;
const times = (output: string): number => output.split('reading the config').length - 1;

test('a start shows it once, in the foreground too', async () => {
  await using rig = await createRig({ configFile: 'evenkeel.config.mjs', configText: text });
  expect(times((await rig.run('start')).stderr)).toBe(1);
  expect(times((await rig.run('status')).stderr)).toBe(0);
  await rig.run('stop');
  const start = rig.spawnCli(['start', '--foreground']);
  await start.waitForLine(/job .*start/);
  await rig.run('stop');
  expect(times((await start.ended).stderr)).toBe(1);
});
