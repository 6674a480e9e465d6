// What the rules need to know of the machine's users: a port, so that tests can do without. (config loader)

import { EvenkeelError } from '../core/errors.ts';
import { mayRunAs } from '../platform/run-as.ts';
import { resolveAccount } from '../platform/users.ts';

export interface UserProblem {
  readonly message: string;
  readonly hint: string | null;
}

export interface Users {
  /** Why workers cannot run as this user, a name or an id, with or without a group. */
  problemOf(user: string): UserProblem | null;
}

/** `judged`: it is this process's user that the workers would be started by. */
export function systemUsers(judged: boolean): Users {
  return {
    problemOf: (user) => {
      try {
        const account = resolveAccount(user);
        if (judged) mayRunAs(account);
        return null;
      } catch (error) {
        if (!(error instanceof EvenkeelError)) throw error;
        return { message: error.message, hint: error.hint };
      }
    },
  };
}
