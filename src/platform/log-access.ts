// Who may read the logs of an app that runs as another user, and who may change the folders that they are in.
// (cluster process)

import { fileStatus } from './file-status.ts';
import { type Account, resolveAccount } from './users.ts';

export interface LogAccess {
  /** That may read the files; null: our own. */
  readonly group: number | null;
  /** Users and groups that may change the folders; null: nobody is kept from it. */
  readonly trusted: { readonly uids: readonly number[]; readonly gids: readonly number[] } | null;
}

const OURS: LogAccess = { group: null, trusted: null };

/**
 * `user`: as in the config. `config`: the file, whose owner can have root run anything and is trusted here as well, unless
 * that is the app's own user.
 */
export function logAccess(user: string | null, config: string | null): LogAccess {
  if (user === null || process.geteuid?.() !== 0) return OURS;
  const account = accountOf(user);
  if (account === null) return OURS;
  return { group: account.gid, trusted: account.uid === 0 ? null : trustedBeside(account, config) };
}

function trustedBeside({ uid, gid, groups }: Account, config: string | null): NonNullable<LogAccess['trusted']> {
  const found = config === null ? null : fileStatus(config);
  const owned = found?.isFile() === true && found.uid !== uid ? found : null;
  const writes = owned !== null && (owned.mode & 0o020) !== 0;
  const its = [gid, ...groups];
  return {
    uids: [0, ...(owned === null ? [] : [owned.uid])],
    gids: [0, ...(writes ? [owned.gid] : [])].filter((group) => !its.includes(group)),
  };
}

/** null: nobody that there is. */
function accountOf(user: string): Account | null {
  try {
    return resolveAccount(user);
  } catch {
    return null;
  }
}
