import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EvenkeelError } from '../../src/core/errors.ts';
import { ensurePrivateDir, regainPrivateDir } from '../../src/platform/private-dir.ts';
import { tempDir } from '../support/temp-dir.ts';

const isRoot = process.getuid?.() === 0;

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

function makeDir(mode: number): string {
  const path = join(tempDir(), 'state');
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
}

function refusalOf(path: string): EvenkeelError {
  try {
    ensurePrivateDir(path);
  } catch (error) {
    if (error instanceof EvenkeelError) return error;
    throw error;
  }
  throw new Error(`${path} was accepted`);
}

describe('ensurePrivateDir', () => {
  it.each(['000', '022', '077'])(
    'creates the directory and its parents for the owner only, under umask %s',
    (umask) => {
      const before = process.umask(umask);
      onTestFinished(() => {
        process.umask(before);
      });
      const dir = join(tempDir(), 'a', 'b');
      ensurePrivateDir(dir);
      expect([modeOf(dir), modeOf(join(dir, '..'))]).toEqual(['700', '700']);
    },
  );

  it('accepts a private directory with content', () => {
    const dir = makeDir(0o700);
    writeFileSync(join(dir, 'state.json'), '{}');
    ensurePrivateDir(dir);
    expect(modeOf(dir)).toBe('700');
  });

  it('tightens an empty directory that others could read', () => {
    const dir = makeDir(0o755);
    ensurePrivateDir(dir);
    expect(modeOf(dir)).toBe('700');
  });

  it.each(['0770', '0707', '0777', '0720'])(
    'refuses a directory that others can write to (mode %s), even an empty one',
    (mode) => {
      const dir = makeDir(Number.parseInt(mode, 8));
      const error = refusalOf(dir);
      expect(error.code).toBe('STATE_DIR_UNSAFE');
      expect(error.message).toContain(mode);
      expect(error.hint).toContain(`chmod 700 ${dir}`);
      expect(`0${modeOf(dir)}`).toBe(mode);
    },
  );

  it('refuses to hide a directory with content that others may read: it may be no state directory', () => {
    const dir = makeDir(0o755);
    writeFileSync(join(dir, 'index.html'), '');
    expect(refusalOf(dir).hint).toContain(`chmod 700 ${dir}`);
    expect(modeOf(dir)).toBe('755');
  });

  it.each(['a private directory', 'nothing'])('refuses a symbolic link to %s, and makes nothing there', (target) => {
    const folder = tempDir();
    const [real, link] = [join(folder, 'real'), join(folder, 'link')];
    if (target !== 'nothing') ensurePrivateDir(real);
    symlinkSync(real, link);
    expect(refusalOf(link)).toMatchObject({
      code: 'STATE_DIR_UNSAFE',
      message: expect.stringContaining('symbolic link'),
    });
    expect(readdirSync(folder).includes('real')).toBe(target !== 'nothing');
  });

  it('refuses a file', () => {
    const file = join(tempDir(), 'file');
    writeFileSync(file, '');
    expect(refusalOf(file)).toMatchObject({
      code: 'STATE_DIR_UNSAFE',
      message: expect.stringContaining('not a directory'),
    });
  });

  it.runIf(isRoot)('refuses a directory of another user, whatever its mode', () => {
    const dir = makeDir(0o700);
    chownSync(dir, 12_345, 12_345);
    expect(refusalOf(dir)).toMatchObject({ code: 'STATE_DIR_UNSAFE', message: expect.stringContaining('12345') });
  });

  it.skipIf(isRoot)('refuses a directory of root', () => {
    expect(refusalOf('/')).toMatchObject({ code: 'STATE_DIR_UNSAFE', message: expect.stringContaining('user id 0') });
  });

  it('says where it cannot be made', () => {
    const file = join(tempDir(), 'file');
    writeFileSync(file, '');
    expect(refusalOf(join(file, 'state'))).toMatchObject({
      code: 'STATE_DIR_UNUSABLE',
      message: expect.stringContaining('ENOTDIR'),
    });
  });
});

describe('regainPrivateDir', () => {
  it('tightens a directory of ours that another process has made with the usual mode, and filled', () => {
    const dir = makeDir(0o755);
    writeFileSync(join(dir, 'web.log'), '');
    expect(refusalOf(dir).code).toBe('STATE_DIR_UNSAFE');
    regainPrivateDir(dir);
    expect(modeOf(dir)).toBe('700');
  });

  it('makes one that is gone', () => {
    const dir = join(tempDir(), 'gone', 'state');
    regainPrivateDir(dir);
    expect(modeOf(dir)).toBe('700');
  });

  it('refuses one that others could have put something into, and a link', () => {
    const dir = makeDir(0o777);
    writeFileSync(join(dir, 'manager.sock'), '');
    expect(() => regainPrivateDir(dir)).toThrow(EvenkeelError);
    const link = join(tempDir(), 'link');
    symlinkSync(makeDir(0o755), link);
    expect(() => regainPrivateDir(link)).toThrow(EvenkeelError);
  });
});
