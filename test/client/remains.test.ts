// What is told of a state directory without a manager, where it cannot be told.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readRemains } from '../../src/client/remains.ts';
import { tempDir } from '../support/temp-dir.ts';

it('nothing is left where nothing has ever run', () => {
  const { running, orphaned, served } = readRemains(join(tempDir(), '.evenkeel'));
  expect([running.size, orphaned.size, served.size]).toEqual([0, 0, 0]);
});

it('a state directory that cannot be looked into is told as that', () => {
  // A file in its place, because no mode keeps root out.
  const stateDir = join(tempDir(), '.evenkeel');
  writeFileSync(stateDir, '');
  expect(() => readRemains(stateDir)).toThrow(
    expect.objectContaining({
      code: 'STATE_DIR_UNUSABLE',
      message: `${join(stateDir, 'state.json')} cannot be read: ENOTDIR`,
    }),
  );
});
