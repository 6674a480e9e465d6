import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { logAccess } from '../../src/platform/log-access.ts';
import { needsRoot } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';

const APP = '4321:4322';

function config(uid: number, gid: number, mode: number): string {
  const file = join(tempDir(), 'evenkeel.config.yaml');
  writeFileSync(file, '');
  chownSync(file, uid, gid);
  chmodSync(file, mode);
  return file;
}

beforeEach((context) => {
  needsRoot(context, 'start apps as other users');
});

it.each<[string, string | null, string | null]>([
  ['the app is root’s, as everything else', null, null],
  ['there is no such user', 'nobody-of-that-name', null],
])('keeps nobody out where %s', (_why, user, file) => {
  expect(logAccess(user, file)).toEqual({ group: null, trusted: null });
});

it('keeps nobody out of what an app of root’s has, but for its group', () => {
  expect(logAccess('0:4322', null)).toEqual({ group: 4322, trusted: null });
});

it.each<[string, () => string | null, object]>([
  ['root alone without a config', () => null, { uids: [0], gids: [0] }],
  ['root alone beside a config of root', () => config(0, 0, 0o644), { uids: [0, 0], gids: [0] }],
  ['whoever owns the config', () => config(1000, 1000, 0o644), { uids: [0, 1000], gids: [0] }],
  ['a group that may write it', () => config(1000, 1001, 0o664), { uids: [0, 1000], gids: [0, 1001] }],
  ['not the app’s own user', () => config(4321, 1001, 0o664), { uids: [0], gids: [0] }],
  ['not the app’s own group', () => config(1000, 4322, 0o664), { uids: [0, 1000], gids: [0] }],
])('trusts %s', (_whom, file, trusted) => {
  expect(logAccess(APP, file())).toEqual({ group: 4322, trusted });
});

it('does not trust root’s group where the app is in it', () => {
  expect(logAccess('4321:0', null).trusted).toEqual({ uids: [0], gids: [] });
});
