// CLI: notes in scripts.json what `start SCRIPT` was told. Commands that come at once wait for each other.

import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EvenkeelError } from '../core/errors.ts';
import { acquireLock } from '../platform/lock.ts';
import { readStateFile, writeStateFile } from '../platform/state-file.ts';
import { decodeScriptStarts, NO_SCRIPTS, type ScriptStart, type ScriptStarts } from '../protocol/script-starts.ts';

/** Milliseconds for another command to be through with the file, and between two looks. */
const TURN_TIMEOUT = 30_000;
const TURN_PAUSE = 20;

/** Notes the start of an app, in the place of an earlier one, if `check` does not throw; else all is as before. */
export async function noteStart<T>(
  file: string,
  name: string,
  start: ScriptStart,
  check: () => Promise<T>,
): Promise<T> {
  const release = await takeTurn(join(dirname(file), 'scripts.lock'));
  try {
    const before = readStarts(file);
    await writeStateFile(file, { apps: { ...before.apps, [name]: start } } satisfies ScriptStarts);
    try {
      return await check();
    } catch (error) {
      await writeStateFile(file, before);
      throw error;
    }
  } finally {
    release();
  }
}

/** As if these had never been started. */
export async function forgetStarts(file: string, names: readonly string[]): Promise<void> {
  const release = await takeTurn(join(dirname(file), 'scripts.lock'));
  try {
    const kept = Object.entries(readStarts(file).apps).filter(([name]) => !names.includes(name));
    await writeStateFile(file, { apps: Object.fromEntries(kept) } satisfies ScriptStarts);
  } finally {
    release();
  }
}

/** Throws STATE_FROM_NEWER_VERSION. A file that is broken is set aside. */
export function readStarts(file: string): ScriptStarts {
  const reading = readStateFile(file);
  if (reading.kind === 'newer') {
    throw new EvenkeelError('STATE_FROM_NEWER_VERSION', `${file} was written by a newer evenkeel`, {
      hint: 'Use that version; or stop everything with it, and remove the file.',
    });
  }
  return (reading.kind === 'ok' ? decodeScriptStarts(reading.value) : null) ?? NO_SCRIPTS;
}

/** Throws TIMED_OUT. */
async function takeTurn(path: string): Promise<() => void> {
  for (const until = performance.now() + TURN_TIMEOUT; ; await sleep(TURN_PAUSE)) {
    const lock = acquireLock(path);
    if (lock.ok) return lock.release;
    if (performance.now() < until) continue;
    throw new EvenkeelError('TIMED_OUT', `another \`evenkeel start\` (pid ${lock.holder.pid}) does not come to an end`);
  }
}
