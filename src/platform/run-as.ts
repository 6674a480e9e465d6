// How a child process gets to run as another user: by what Node's spawn does itself, which gives it the primary group
// and no other, or, for a user with more groups, through setpriv (util-linux). No file that the user may write is run
// or loaded before the change.

import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { EvenkeelError } from '../core/errors.ts';
import { type Account, resolveAccount } from './users.ts';

type Env = Readonly<Record<string, string>>;

export interface RunAs {
  /** For the options of spawn; empty: nothing is changed there. */
  readonly ids: { readonly uid: number; readonly gid: number } | Record<string, never>;
  /** Comes before the program and its arguments. */
  readonly through: readonly string[];
  readonly env: Env;
  /** null: our own. */
  readonly uid: number | null;
}

/** Who this process is. */
export interface Self {
  readonly uid: number;
  readonly gid: number;
  readonly platform: NodeJS.Platform;
}

/** `user` as in the config; null: our own. Throws CONFIG_INVALID for an unknown one, and SPAWN_FAILED. */
export function runAs(user: string | null, env: Env): RunAs {
  if (user === null) return { ids: {}, through: [], env, uid: null };
  const account = resolveAccount(user);
  return planRunAs(account, { ...identityOf(account), ...env }, self(), findSetpriv);
}

/** The id of that user; null: our own, or nobody that there is. */
export function uidOf(user: string | null): number | null {
  try {
    return runAs(user, {}).uid;
  } catch {
    return null;
  }
}

/** Throws SPAWN_FAILED where this process could not start anybody as that user. */
export function mayRunAs(account: Account): void {
  planRunAs(account, {}, self(), findSetpriv);
}

/** Pure. Throws SPAWN_FAILED where it cannot be. */
export function planRunAs(account: Account, env: Env, self: Self, setpriv: () => string | null): RunAs {
  const { uid, gid, groups, name } = account;
  if (uid === self.uid && gid === self.gid) return { ids: {}, through: [], env, uid: null };
  if (self.uid !== 0) throw notRoot(name);
  if (groups.length === 0 || self.platform !== 'linux') return { ids: { uid, gid }, through: [], env, uid };
  const program = setpriv();
  if (program === null) throw noSetpriv(name);
  const all = [gid, ...groups].join(',');
  const change = [program, `--reuid=${uid}`, `--regid=${gid}`, `--groups=${all}`, '--'];
  const held = Object.keys(env).filter(isLoaders);
  if (held.length === 0) return { ids: {}, through: change, env, uid };
  return { ids: {}, through: [...change, ...handOver(held, env, name)], env: renamed(held, env), uid };
}

/** What a login would set. */
function identityOf({ home, name }: Account): Env {
  return { HOME: home, USER: name, LOGNAME: name };
}

/** setpriv begins as root: what makes it load files has another name until it has changed users. */
function isLoaders(name: string): boolean {
  return /^(LD_|MALLOC_)/.test(name) || ['GLIBC_TUNABLES', 'GCONV_PATH', 'LOCPATH', 'NLSPATH'].includes(name);
}

const HELD = 'EVENKEEL_HELD_';

function renamed(held: readonly string[], env: Env): Env {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [held.includes(name) ? `${HELD}${held.indexOf(name)}` : name, value]),
  );
}

/** A shell that gives them their names back: as arguments, their values could be read by anybody. */
function handOver(held: readonly string[], env: Env, user: string): readonly string[] {
  const odd = Object.keys(env).find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  if (odd !== undefined) throw oddName(user, odd, held.join(', '));
  const added = ['PWD', 'OLDPWD', 'SHLVL'].filter((name) => env[name] === undefined);
  const steps = held.map((name, index) => `export ${name}="$${HELD}${index}"; unset ${HELD}${index}`);
  return ['/bin/sh', '-c', [...steps, `unset ${added.join(' ')}`, 'exec "$@"'].join('; '), 'sh'];
}

function self(): Self {
  return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0, platform: process.platform };
}

/** Not through PATH, which is the app's. That of busybox cannot change users. */
function findSetpriv(): string | null {
  for (const path of ['/usr/bin/setpriv', '/bin/setpriv']) {
    try {
      if (basename(realpathSync(path)) !== 'busybox') return path;
    } catch {
      // Not there.
    }
  }
  return null;
}

function notRoot(name: string): EvenkeelError {
  return new EvenkeelError('SPAWN_FAILED', `cannot run as ${name}: evenkeel does not run as root`, {
    hint: 'Start the manager as root, or remove `user`.',
  });
}

function oddName(user: string, odd: string, held: string): EvenkeelError {
  const message = `cannot run as ${user}, who is in more than one group, with the variables ${held} and ${JSON.stringify(odd)}`;
  return new EvenkeelError('SPAWN_FAILED', message, {
    hint: `A shell hands them on, and would drop the last. Name the one group to run with: \`user: ${user}:GROUP\`.`,
  });
}

function noSetpriv(name: string): EvenkeelError {
  const message = `cannot run as ${name}, who is in more than one group: this machine has no setpriv`;
  return new EvenkeelError('SPAWN_FAILED', message, {
    hint: `Install util-linux, or name the one group to run with: \`user: ${name}:GROUP\`.`,
  });
}
