import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { placeFault, type Trusted } from '../../src/logs/safe-place.ts';
import { needsRoot } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { openSink } from './sink-rig.ts';

const ROOT: Trusted = { uids: [0], gids: [0] };
const STRANGER = 54_321;

/** A folder and its place in a tree: owner, group, mode. */
type Folder = readonly [uid: number, gid: number, mode: number];

function tree(...folders: readonly Folder[]): string {
  let path = tempDir();
  for (const [uid, gid, mode] of folders) {
    path = join(path, 'd');
    mkdirSync(path);
    chownSync(path, uid, gid);
    chmodSync(path, mode);
  }
  return join(path, 'web.log');
}

async function faultOf(path: string, trusted: Trusted = ROOT): Promise<string | null> {
  return (await placeFault(path, trusted))?.message ?? null;
}

beforeEach((context) => {
  needsRoot(context, 'make folders of other users');
});

describe('a place where root may write', () => {
  it.each<[string, readonly Folder[], Partial<Trusted>]>([
    [
      'is root’s all the way',
      [
        [0, 0, 0o755],
        [0, 0, 0o700],
      ],
      {},
    ],
    [
      'may be open to a group that is root’s, or trusted',
      [
        [0, 0, 0o775],
        [0, 7, 0o770],
      ],
      { gids: [0, 7] },
    ],
    ['may be read by anybody', [[0, 7, 0o755]], {}],
    ['may be somebody’s who is trusted', [[STRANGER, 7, 0o755]], { uids: [0, STRANGER] }],
    [
      'may be below a folder like /tmp',
      [
        [0, 0, 0o1777],
        [0, 0, 0o755],
      ],
      {},
    ],
  ])('%s', async (_what, folders, trusted) => {
    expect(await faultOf(tree(...folders), { ...ROOT, ...trusted })).toBeNull();
  });

  it('may be reached over root’s own links, absolute or not', async () => {
    const path = tree([0, 0, 0o755]);
    const folder = join(path, '..');
    symlinkSync(folder, join(folder, 'one'));
    symlinkSync('one/../one', join(folder, 'two'));
    expect(await faultOf(join(folder, 'two', 'web.log'))).toBeNull();
  });

  it('is made where it is missing, for root to write to', async () => {
    const path = join(tempDir(), 'logs', 'app', 'web.log');
    expect(await faultOf(path)).toBeNull();
    expect(lstatSync(join(path, '..')).mode & 0o777).toBe(0o755);
  });

  it('is not looked at where nobody is to be kept out', async () => {
    expect(await placeFault(tree([STRANGER, 0, 0o777]), null)).toBeNull();
  });
});

describe('root does not write', () => {
  it.each<[string, readonly Folder[], RegExp]>([
    ['in a folder of somebody else', [[STRANGER, 0, 0o755]], /belongs to user id 54321/],
    [
      'below one',
      [
        [STRANGER, 0, 0o755],
        [0, 0, 0o755],
      ],
      /belongs to user id 54321/,
    ],
    [
      'below one of its own with the sticky bit',
      [
        [STRANGER, 0, 0o1777],
        [0, 0, 0o755],
      ],
      /belongs to user id 54321/,
    ],
    [
      'where anybody can',
      [
        [0, 0, 0o757],
        [0, 0, 0o755],
      ],
      /anybody may change/,
    ],
    ['in a folder like /tmp itself', [[0, 0, 0o1777]], /anybody may change/],
    [
      'where a group can',
      [
        [0, 7, 0o775],
        [0, 0, 0o755],
      ],
      /group id 7 may change/,
    ],
  ])('%s', async (_what, folders, fault) => {
    expect(await faultOf(tree(...folders))).toMatch(fault);
  });

  it('over a link that somebody else has made, wherever it leads', async () => {
    const folder = join(tree([0, 0, 0o1777]), '..');
    symlinkSync('/var', join(folder, 'logs'));
    lchownSync(join(folder, 'logs'), STRANGER, STRANGER);
    expect(await faultOf(join(folder, 'logs', 'web.log'))).toMatch(/symbolic link of user id 54321/);
  });

  it('where a link of root’s own leads to somebody else', async () => {
    const theirs = join(tree([STRANGER, 0, 0o755]), '..');
    const link = join(tempDir(), 'logs');
    symlinkSync(theirs, link);
    expect(await faultOf(join(link, 'web.log'))).toMatch(/belongs to user id 54321/);
  });

  it('over links that go in a circle', async () => {
    const folder = tempDir();
    symlinkSync('b', join(folder, 'a'));
    symlinkSync('a', join(folder, 'b'));
    expect(await faultOf(join(folder, 'a', 'web.log'))).toMatch(/too many symbolic links/);
  });

  it('over a link in the place of the file, nor into a file of two names', async () => {
    const [folder, victim] = [tempDir(), join(tempDir(), 'victim')];
    writeFileSync(victim, 'mine');
    symlinkSync(victim, join(folder, 'link.log'));
    linkSync(victim, join(folder, 'hard.log'));
    expect(await faultOf(join(folder, 'link.log'))).toMatch(/is a symbolic link/);
    expect(await faultOf(join(folder, 'hard.log'))).toMatch(/another name/);
  });
});

describe('a sink', () => {
  const settings = { group: null, trusted: ROOT, compress: true };

  it('neither writes nor tidies up where it may not, and does both once it may', async () => {
    const path = tree([STRANGER, 0, 0o755]);
    const folder = join(path, '..');
    const victim = join(tempDir(), 'victim');
    writeFileSync(victim, 'mine');
    // What its own compression would write to.
    const rotated = join(folder, 'web-20200101T000000.000Z.log');
    writeFileSync(rotated, 'old\n');
    symlinkSync(victim, `${rotated}.gz.part`);
    symlinkSync(victim, path);
    const rig = openSink(settings, { path });
    rig.sink.apply({ maxSize: null, schedule: null, keep: 5, ...settings });
    rig.sink.write(Buffer.from('one\n'));
    await expect.poll(() => rig.problems.join(), { timeout: 10_000 }).toMatch(/not safe for root to write to/);
    expect(readFileSync(victim, 'utf8')).toBe('mine');
    expect(existsSync(rotated)).toBe(true);
    chownSync(folder, 0, 0);
    rmSync(path);
    await expect.poll(() => existsSync(path) && readFileSync(path, 'utf8'), { timeout: 10_000 }).toBe('one\n');
    await expect.poll(() => existsSync(`${rotated}.gz`), { timeout: 10_000 }).toBe(true);
    expect(readFileSync(victim, 'utf8')).toBe('mine');
  });

  it('looks again when other users have become dangerous', async () => {
    const path = tree([0, 7, 0o775]);
    const trusted = { uids: [0], gids: [0, 7] };
    const rig = openSink({ ...settings, trusted }, { path });
    rig.sink.write(Buffer.from('one\n'));
    await rig.sink.flush();
    rig.sink.apply({ maxSize: null, schedule: null, keep: 5, ...settings });
    rig.sink.write(Buffer.from('two\n'));
    await expect.poll(() => rig.problems.join(), { timeout: 10_000 }).toMatch(/group id 7 may change/);
    expect(readFileSync(path, 'utf8')).toBe('one\n');
  });
});
