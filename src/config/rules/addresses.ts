// Rules: an address belongs to one app, and a unix socket has a folder to be in. (config loader)

import { dirname } from 'node:path';
import { formatAddress, type ListenAddress } from '../../core/spec.ts';
import type { KeyPath } from '../key-path.ts';
import { parseAddress } from '../parse-address.ts';
import { givenItems, type RuleContext } from './draft.ts';

interface Claim {
  readonly app: string;
  readonly cwd: string;
  readonly address: ListenAddress;
  readonly path: KeyPath;
}

export function checkAddresses(context: RuleContext): void {
  const claims: Claim[] = [];
  if (context.strict && !context.generated) checkFolders(context);
  for (const claim of claimsOf(context)) {
    const other = claims.find(({ address }) => overlap(address, claim.address));
    claims.push(claim);
    if (other === undefined) continue;
    const [text, which] = [formatAddress(claim.address), formatAddress(other.address)];
    if (other.app === claim.app) {
      context.report(claim.path, `${text} and ${which} overlap`, { hint: 'remove one of the two' });
    } else {
      const message = `${text} is taken: ${other.app} listens on ${which}`;
      context.report(claim.path, message, { hint: 'give each app an address of its own' });
    }
  }
  for (const { spec } of context.apps) {
    if (spec.balance !== 'round-robin' || spec.listen.length === 0) continue;
    context.report(['apps', spec.name, 'balance'], 'round-robin is not possible for addresses under `listen`', {
      hint: 'remove `balance` or `listen`: workers accept from declared sockets themselves',
    });
  }
}

/**
 * The folder may be one that is made by the time, as below /run, or by another app: at a start only the app fails that has
 * its socket there, and is tried again. A cwd that is missing is told as that.
 */
function checkFolders(context: RuleContext): void {
  for (const { address, cwd, path } of claimsOf(context)) {
    if (address.kind !== 'unix') continue;
    const folder = dirname(address.path);
    if (folder === cwd || context.files.kindOf(folder) === 'directory') continue;
    context.report(path, `the folder of the unix socket ${address.path} does not exist`, {
      hint: 'create it; a relative path is relative to cwd',
    });
  }
}

function claimsOf({ apps }: RuleContext): Claim[] {
  return apps.flatMap((draft) =>
    givenItems(draft, 'listen').flatMap(([index, item]) => {
      if (typeof item !== 'string' && typeof item !== 'number') return [];
      const address = parseAddress(item, draft.spec.cwd);
      const path = ['apps', draft.spec.name, 'listen', index];
      return address === null ? [] : [{ app: draft.spec.name, cwd: draft.spec.cwd, address, path }];
    }),
  );
}

/** Whether both cannot be listened on at once. */
export function overlap(one: ListenAddress, other: ListenAddress): boolean {
  if (one.kind === 'unix' || other.kind === 'unix') {
    return one.kind === 'unix' && other.kind === 'unix' && one.path === other.path;
  }
  if (one.port !== other.port) return false;
  const [a, b] = [plainHost(one.host), plainHost(other.host)];
  return a === b || covers(a, b) || covers(b, a);
}

function plainHost(host: string | null): string {
  if (host === null) return '::';
  return host.toLowerCase() === 'localhost' ? '127.0.0.1' : host.toLowerCase();
}

/** Every interface, of both families or of IPv4. */
function covers(wide: string, host: string): boolean {
  return wide === '::' || (wide === '0.0.0.0' && !host.includes(':'));
}
