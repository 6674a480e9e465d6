// Looks a user of the machine up, for `user:`.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { EvenkeelError } from '../core/errors.ts';

export interface SystemUser {
  readonly uid: number;
  /** The primary group. */
  readonly gid: number;
  readonly name: string;
  readonly home: string;
}

/** `user`: a name or a numeric id. Throws CONFIG_INVALID for a name that this machine does not know. */
export function resolveUser(user: string): SystemUser {
  const found = findUser(readPasswd(), user) ?? askSystem(user);
  if (found !== null) return found;
  // Containers run ids that have no entry.
  if (isId(user)) return { uid: Number(user), gid: Number(user), name: user, home: '/' };
  throw new EvenkeelError('CONFIG_INVALID', `the user ${JSON.stringify(user)} does not exist on this machine`, {
    hint: 'Set `user` to a name that `id NAME` knows, or to a numeric user id.',
  });
}

/** Lines as in passwd(5); the BSDs' own form has three fields more before the home directory. */
export function findUser(passwd: string, user: string): SystemUser | null {
  for (const line of passwd.split('\n')) {
    const fields = line.split(':');
    const [name, , uid, gid] = fields;
    const home = fields[fields.length === 10 ? 8 : 5];
    if (name === undefined || uid === undefined || gid === undefined || home === undefined) continue;
    if (!isId(uid) || !isId(gid)) continue;
    if (name === user || (isId(user) && Number(uid) === Number(user)))
      return { uid: Number(uid), gid: Number(gid), name, home };
  }
  return null;
}

/** Users that a directory service knows. */
function askSystem(user: string): SystemUser | null {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.@\\-]*\$?$/.test(user)) return null;
  const [file, args] = process.platform === 'darwin' ? ['id', ['-P', user]] : ['getent', ['passwd', user]];
  const { stdout, status } = spawnSync(file, args, {
    encoding: 'utf8',
    timeout: 5000,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? findUser(stdout, user) : null;
}

function readPasswd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}

/** The largest id means "none" to the system. */
function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) < 2 ** 32 - 1;
}
