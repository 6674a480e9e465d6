// Makes a directory that only its owner may enter, or refuses one that others could have prepared.

import { chmodSync, lstatSync, mkdirSync, readdirSync, type Stats } from 'node:fs';
import { EvenkeelError } from '../core/errors.ts';
import { fileStatus } from './file-status.ts';
import { errorCode } from './system-error.ts';

/**
 * Creates `path` (and its parents) with mode 0700, whatever the umask. An empty directory of ours that others may read is
 * tightened. Throws STATE_DIR_UNSAFE for a symlink, another owner or a mode that lets others in, and STATE_DIR_UNUSABLE
 * where it cannot be made.
 */
export function ensurePrivateDir(path: string): void {
  create(path);
  const found = lstatSync(path);
  const fault = faultOf(path, found, isOpenToOthers);
  if (fault !== null) throw unsafe(path, fault);
  if ((found.mode & 0o777) !== 0o700) chmodSync(path, 0o700);
}

/**
 * As ensurePrivateDir, for a directory of ours that was removed while we ran: another process of ours, which writes a log
 * there, may have made it anew with the usual mode. Others could look into that, but put nothing there.
 */
export function regainPrivateDir(path: string): void {
  const found = fileStatus(path);
  const isOurs = found?.isDirectory() === true && found.uid === (process.getuid?.() ?? found.uid);
  if (isOurs && (found.mode & 0o022) === 0 && (found.mode & 0o077) !== 0) chmodSync(path, 0o700);
  ensurePrivateDir(path);
}

/** The same with mode 0711: others may reach what is in it, if they know its name and its own mode lets them. */
export function ensurePassableDir(path: string): void {
  create(path);
  const found = lstatSync(path);
  const fault = faultOf(path, found, isWritable);
  if (fault !== null) throw unsafe(path, fault);
  if ((found.mode & 0o777) !== 0o711) chmodSync(path, 0o711);
}

function create(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    // What is in the way is looked at next.
    if (fileStatus(path) !== null) return;
    throw new EvenkeelError('STATE_DIR_UNUSABLE', `cannot create the directory ${path}: ${errorCode(error)}`, {
      hint: 'Set stateDir in the config to a place that you may write to.',
      cause: error,
    });
  }
}

interface Fault {
  readonly message: string;
  readonly hint: string;
}

type Openness = (path: string, found: Stats) => boolean;

function faultOf(path: string, found: Stats, isOpen: Openness): Fault | null {
  const uid = process.getuid?.() ?? found.uid;
  if (found.isSymbolicLink()) {
    return { message: 'it is a symbolic link', hint: `Remove ${path}, or set stateDir to where the link leads.` };
  }
  if (!found.isDirectory()) {
    return { message: 'it is not a directory', hint: `Remove ${path}, or set stateDir to another place.` };
  }
  if (found.uid !== uid) {
    return {
      message: `it belongs to user id ${found.uid} and this process runs as ${uid}`,
      hint: 'Run evenkeel as the owner, or set stateDir to a directory of your own.',
    };
  }
  if (isOpen(path, found)) {
    const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
    return {
      message: `its mode ${mode} lets other users in`,
      hint: `If it is evenkeel's own and nobody else has put anything there: chmod 700 ${path}`,
    };
  }
  return null;
}

/** An empty directory that others can only look into holds nothing to distrust, and nothing that chmod would hide from them. */
function isOpenToOthers(path: string, found: Stats): boolean {
  if ((found.mode & 0o077) === 0) return false;
  return (found.mode & 0o022) !== 0 || readdirSync(path).length > 0;
}

function isWritable(_path: string, found: Stats): boolean {
  return (found.mode & 0o022) !== 0;
}

function unsafe(path: string, fault: Fault): EvenkeelError {
  return new EvenkeelError('STATE_DIR_UNSAFE', `refusing to use ${path}: ${fault.message}`, { hint: fault.hint });
}
