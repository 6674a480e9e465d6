import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pinSpec, requirePinned } from '../../src/cluster/pin-spec.ts';
import type { AppSpec } from '../../src/core/spec.ts';
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

const pin = (spec: AppSpec, generation: number, paths: Parameters<typeof pinSpec>[3] = null) =>
  pinSpec(spec, generation, { cwd: spec.cwd, script: spec.script }, paths);
const current = () => appSpec({ cwd: join(root, 'current'), script: join(root, 'current', 'server.js') });

it('resolves a release symlink at the moment of the deploy', async () => {
  const first = await pin(current(), 1);
  rmSync(join(root, 'current'));
  symlinkSync('two', join(root, 'current'));
  const second = await pin(current(), 2);
  expect(first).toMatchObject({
    ok: true,
    pinned: { realCwd: join(root, 'one'), realScript: join(root, 'one', 'server.js') },
  });
  expect(second).toMatchObject({ ok: true, pinned: { realCwd: join(root, 'two') } });
});

it('goes by the paths of an earlier generation for a rollback', async () => {
  const pinned = await pin(current(), 3, {
    realCwd: join(root, 'two'),
    realScript: join(root, 'two', 'server.js'),
  });
  expect(pinned).toMatchObject({ ok: true, pinned: { realCwd: join(root, 'two') } });
});

it('finds a script that is written without its extension', async () => {
  const pinned = await pin(appSpec({ cwd: root, script: join(root, 'one', 'server') }), 1);
  expect(pinned).toMatchObject({ ok: true, pinned: { realScript: join(root, 'one', 'server.js') } });
});

it('names what is missing', async () => {
  const pinned = await pin(appSpec({ cwd: root, script: join(root, 'gone.js') }), 1);
  expect(pinned).toEqual({ ok: false, reason: `${join(root, 'gone.js')} does not exist`, isGone: false });
});

it('names a release that is gone, for a rollback and for a worker that comes back, and says what to do', async () => {
  const pinning = await pin(current(), 1);
  if (!pinning.ok) throw new Error(pinning.reason);
  const { pinned } = pinning;
  expect(() => requirePinned(pinned)).not.toThrow();
  const hint = 'Put it back, or deploy what is there now: `evenkeel deploy web`.';
  for (const gone of [join(root, 'one', 'server.js'), join(root, 'one')]) {
    rmSync(gone, { recursive: true });
    const told = { message: `${gone} does not exist`, hint };
    expect(() => requirePinned(pinned)).toThrow(expect.objectContaining({ code: 'SPAWN_FAILED', ...told }));
    expect(await pin(current(), 2, pinned)).toEqual({ ok: false, reason: told.message, isGone: true });
  }
});

it('goes by the release that a hook has named, and leaves the spec as the file has it', async () => {
  const spec = current();
  const place = { cwd: join(root, 'two'), script: join(root, 'two', 'server.js') };
  expect(await pinSpec(spec, 4, place, null)).toEqual({
    ok: true,
    pinned: { generation: 4, spec, realCwd: place.cwd, realScript: place.script },
  });
});

it('never takes the folder from one release and the script from another', async () => {
  const spec = current();
  for (let round = 0; round < 50; round += 1) {
    const pinning = pin(spec, 1);
    // Anywhere between the two look-ups.
    for (let turn = 0; turn < round % 7; turn += 1) await new Promise(setImmediate);
    rmSync(join(root, 'current'));
    symlinkSync(round % 2 === 0 ? 'two' : 'one', join(root, 'current'));
    const result = await pinning;
    if (!result.ok) continue;
    expect(result.pinned.realScript).toBe(join(result.pinned.realCwd, 'server.js'));
  }
});
