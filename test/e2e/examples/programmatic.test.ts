// examples/programmatic. Row 25.
//
// @module-tag more

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { NODE } from '../../support/cli-process.ts';
import { copyExample } from '../../support/copy-example.ts';
import { freePort } from '../../support/free-port.ts';
import { createRig } from '../../support/rig.ts';
import { LONG } from '../../support/tiers.ts';

test('row 25: examples/programmatic runs, and leaves nothing behind', LONG, async () => {
  await using rig = await createRig({ configFile: 'evenkeel.config.mjs', configText: '' });
  copyExample(rig, 'programmatic');
  const env = rig.env({ PORT: String(await freePort()) });
  const { stdout, stderr } = await promisify(execFile)(NODE, ['run.mjs'], { cwd: rig.dir, env, timeout: 60_000 });
  expect(stderr).toBe('');
  const own = stdout.split('\n').filter((line) => /^\w/.test(line));
  expect(own).toEqual([
    expect.stringMatching(/^[12] workers? (?:is|are) ready$/),
    expect.stringMatching(/^hello from \d+$/),
    'deployed: generation 2 serves, 0 connections cut',
    expect.stringMatching(/^good morning from \d+$/),
    'refused: OPERATION_FAILED',
    expect.stringMatching(/^good morning from \d+$/),
    'stopped',
  ]);
  expect(stdout).toMatch(/^ {2}web: online \(was starting\)$/m);
  expect(stdout).toMatch(/^✗ web: generation 3 failed/m);
});
