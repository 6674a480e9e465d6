// Manager, pure: what has to be done so that manager and cluster process both have the sockets that an app declares.

import { formatAddress, type ListenAddress } from '../core/spec.ts';

export interface SocketPlan {
  /** The cluster process has them, the manager does not. */
  readonly fetch: readonly ListenAddress[];
  /** Neither has them. */
  readonly bind: readonly ListenAddress[];
  /** The cluster process does not have them. */
  readonly pass: readonly ListenAddress[];
}

/** `here`, `there`: texts of the addresses that the manager and the cluster process hold. */
export function planSockets(
  declared: readonly ListenAddress[],
  here: readonly string[],
  there: readonly string[],
): SocketPlan {
  const isHere = (address: ListenAddress): boolean => here.includes(formatAddress(address));
  const isThere = (address: ListenAddress): boolean => there.includes(formatAddress(address));
  return {
    fetch: declared.filter((address) => isThere(address) && !isHere(address)),
    bind: declared.filter((address) => !isThere(address) && !isHere(address)),
    pass: declared.filter((address) => !isThere(address)),
  };
}
