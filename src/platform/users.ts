// Looks users and groups of the machine up, for `user:`.

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

/** Whom a worker runs as. */
export interface Account extends SystemUser {
  /** Besides `gid`. */
  readonly groups: readonly number[];
}

/**
 * `user`, or `user:group`, each a name or a numeric id. A user alone has the groups that the machine gives it; one with a
 * group has that group and no other. Throws CONFIG_INVALID for a name that this machine does not know.
 */
export function resolveAccount(text: string): Account {
  const [name = '', group] = text.split(':');
  const user = resolveUser(name);
  if (group !== undefined) return { ...user, gid: resolveGroup(group), groups: [] };
  return { ...user, groups: groupsOf(user).filter((gid) => gid !== user.gid) };
}

/** `user`: a name or a numeric id. Throws CONFIG_INVALID for a name that this machine does not know. */
export function resolveUser(user: string): SystemUser {
  const found = findUser(readTable('/etc/passwd'), user) ?? askForUser(user);
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

function resolveGroup(group: string): number {
  const found = findGroup(readTable('/etc/group'), group) ?? askForGroup(group);
  if (found !== null) return found;
  if (isId(group)) return Number(group);
  throw new EvenkeelError('CONFIG_INVALID', `the group ${JSON.stringify(group)} does not exist on this machine`, {
    hint: 'Set `user` to USER:GROUP with a group that /etc/group has, or a numeric group id.',
  });
}

/** Lines as in group(5). */
export function findGroup(groups: string, group: string): number | null {
  for (const line of groups.split('\n')) {
    const [name, , gid] = line.split(':');
    if (gid === undefined || !isId(gid)) continue;
    if (name === group || (isId(group) && Number(gid) === Number(group))) return Number(gid);
  }
  return null;
}

/** What a login would give. macOS works a user's groups out by itself. */
function groupsOf(user: SystemUser): number[] {
  const answer = process.platform === 'linux' ? ask('id', ['-G', '--', user.name]) : null;
  return answer === null ? [] : answer.trim().split(/\s+/).filter(isId).map(Number);
}

/** Users that a directory service knows. */
function askForUser(user: string): SystemUser | null {
  if (!isName(user)) return null;
  const answer = process.platform === 'darwin' ? ask('id', ['-P', user]) : ask('getent', ['passwd', user]);
  return answer === null ? null : findUser(answer, user);
}

function askForGroup(group: string): number | null {
  const answer = isName(group) && process.platform !== 'darwin' ? ask('getent', ['group', group]) : null;
  return answer === null ? null : findGroup(answer, group);
}

/** What a program prints; null: it is not there, or it has failed. */
function ask(file: string, args: readonly string[]): string | null {
  const { stdout, status } = spawnSync(file, args, {
    encoding: 'utf8',
    timeout: 5000,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? stdout : null;
}

function readTable(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** What may be an argument of a program. */
function isName(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.@\\-]*\$?$/.test(text);
}

/** The largest id means "none" to the system. */
function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) < 2 ** 32 - 1;
}
