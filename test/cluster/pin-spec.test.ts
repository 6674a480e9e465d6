import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pinSpec } from '../../src/cluster/pin-spec.ts';
import { appSpec } from '../support/spec.ts';

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'evenkeel-pin-')));
  for (const release of ['one', 'two']) {
    mkdirSync(join(root, release));
    writeFileSync(join(root, release, 'server.js'), '');
  }
  symlinkSync('one', join(root, 'current'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const current = () => appSpec({ cwd: join(root, 'current'), script: join(root, 'current', 'server.js') });

it('resolves a release symlink at the moment of the deploy', async () => {
  const first = await pinSpec(current(), 1, null);
  rmSync(join(root, 'current'));
  symlinkSync('two', join(root, 'current'));
  const second = await pinSpec(current(), 2, null);
  expect(first).toMatchObject({
    ok: true,
    pinned: { realCwd: join(root, 'one'), realScript: join(root, 'one', 'server.js') },
  });
  expect(second).toMatchObject({ ok: true, pinned: { realCwd: join(root, 'two') } });
});

it('goes by the paths of an earlier generation for a rollback', async () => {
  const pinned = await pinSpec(current(), 3, {
    realCwd: join(root, 'two'),
    realScript: join(root, 'two', 'server.js'),
  });
  expect(pinned).toMatchObject({ ok: true, pinned: { realCwd: join(root, 'two') } });
});

it('finds a script that is written without its extension', async () => {
  const pinned = await pinSpec(appSpec({ cwd: root, script: join(root, 'one', 'server') }), 1, null);
  expect(pinned).toMatchObject({ ok: true, pinned: { realScript: join(root, 'one', 'server.js') } });
});

it('names what is missing', async () => {
  const pinned = await pinSpec(appSpec({ cwd: root, script: join(root, 'gone.js') }), 1, null);
  expect(pinned).toEqual({ ok: false, reason: `${join(root, 'gone.js')} does not exist` });
});
