// Which state directory belongs to which config file, so that a command finds a manager without evaluating the config.
// The manager writes it at its start, in two places: the state directory names its config, and a pointer in a
// directory of the user's own, named after the config, leads to a state directory that is elsewhere than usual.

import { lstatSync, mkdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { folderOfScripts } from '../protocol/script-starts.ts';
import { ensurePrivateDir } from './private-dir.ts';
import { writePrivateText } from './private-text.ts';

/** Where the config does not set `stateDir`. */
export function defaultStateDir(configFile: string): string {
  return join(folderOfScripts(configFile) ?? dirname(configFile), '.evenkeel');
}

/**
 * Both absolute. The state directory must exist. Gives the files that say so now. Throws STATE_DIR_UNSAFE where others
 * could tamper with the pointer.
 */
export async function registerEcosystem(configFile: string, stateDir: string): Promise<readonly string[]> {
  const config = canonical(configFile);
  const marker = join(stateDir, MARKER);
  writePrivateText(marker, `${config}\n`);
  const pointer = await pointerPath(config);
  if (canonical(stateDir) === canonical(defaultStateDir(config))) {
    rmSync(pointer, { force: true });
    return [marker];
  }
  ensurePrivateDir(dirname(dirname(pointer)));
  mkdirSync(dirname(pointer), { recursive: true, mode: 0o700 });
  writePrivateText(pointer, `${stateDir}\n`);
  return [marker, pointer];
}

/** The directory that the pointer names; null: there is none, or one that others could have written. */
export async function findStateDir(configFile: string): Promise<string | null> {
  const pointer = await pointerPath(canonical(configFile));
  return isPrivate(dirname(dirname(pointer))) ? readText(pointer) : null;
}

/** The config that a state directory says it belongs to; null: it says nothing. */
export function configOf(stateDir: string): string | null {
  return readText(join(stateDir, MARKER));
}

/** Whether two paths lead to the same config, through symbolic links too. */
export function isSameConfig(one: string, other: string): boolean {
  return one === other || canonical(one) === canonical(other);
}

const MARKER = 'config.path';

/**
 * Below /tmp, like the short socket paths: a login shell and a cron job must find the same one. node:crypto is loaded
 * only here because it costs a tenth of the time of a `status`.
 */
async function pointerPath(config: string): Promise<string> {
  const { createHash } = await import('node:crypto');
  const name = createHash('sha256').update(config).digest('hex').slice(0, 32);
  return join('/tmp', `evenkeel-${process.getuid?.() ?? 0}`, 'by-config', name);
}

function canonical(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function isPrivate(dir: string): boolean {
  const found = lstatSync(dir, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === (process.getuid?.() ?? found.uid) && (found.mode & 0o077) === 0;
}

function readText(file: string): string | null {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return text === '' ? null : text;
  } catch {
    return null;
  }
}
