// Pure: whether what an app asks to listen on is one of the sockets that the config declares. (worker)
//
//   declared      the app asks for            gives
//   3000          3000, [::]:3000, 0.0.0.0    the declared socket
//   3000          127.0.0.1:3000              an error: the app would be reachable from more places than it asked for
//   127.0.0.1     127.0.0.1 or localhost      the declared socket
//   127.0.0.1     every interface             the declared socket: the config narrows what the app asks for
//   127.0.0.1     10.0.0.1 or [::1]           another address, which is not declared

import type { ListenAddress } from '../core/spec.ts';
import type { ListenRequest } from './listen-arguments.ts';

export type AddressMatch =
  | { readonly kind: 'declared'; readonly address: ListenAddress }
  | { readonly kind: 'narrower'; readonly address: ListenAddress }
  | { readonly kind: 'none' };

/** `isSamePath`: whether two paths name the same unix socket. */
export function matchAddress(
  request: ListenRequest,
  declared: readonly ListenAddress[],
  isSamePath: (one: string, other: string) => boolean,
): AddressMatch {
  const fits = declared.map((address) => ({ address, fit: compare(request, address, isSamePath) }));
  for (const wanted of ['exact', 'wider', 'narrower'] as const) {
    const found = fits.find(({ fit }) => fit === wanted);
    if (found === undefined) continue;
    return { kind: wanted === 'narrower' ? 'narrower' : 'declared', address: found.address };
  }
  return { kind: 'none' };
}

/** How what the app asks for compares with what is declared. */
type Fit = 'exact' | 'wider' | 'narrower' | 'other';

function compare(
  request: ListenRequest,
  address: ListenAddress,
  isSamePath: (one: string, other: string) => boolean,
): Fit {
  if (request.kind === 'unix') {
    return address.kind === 'unix' && isSamePath(request.path, address.path) ? 'exact' : 'other';
  }
  if (address.kind === 'unix' || address.port !== request.port) return 'other';
  const asked = readHost(request.host);
  const given = readHost(address.host);
  if (isEvery(asked)) {
    if (request.ipv6Only && isEvery(given)) return 'narrower';
    return isEvery(given) ? 'exact' : 'wider';
  }
  if (isEvery(given)) return given.host === '0.0.0.0' && asked.host.includes(':') ? 'other' : 'narrower';
  if (asked.host === given.host) return 'exact';
  return isLocalhostOf(asked.host, given.host) || isLocalhostOf(given.host, asked.host) ? 'exact' : 'other';
}

interface Host {
  readonly host: string;
}

const EVERY: ReadonlySet<string> = new Set(['', '::', '0.0.0.0']);
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1']);

function isEvery({ host }: Host): boolean {
  return EVERY.has(host);
}

function isLocalhostOf(name: string, host: string): boolean {
  return name === 'localhost' && LOOPBACK.has(host);
}

/** Lower case; an IPv6 address in its one short form and without brackets. */
function readHost(text: string | null): Host {
  const host = (text ?? '').toLowerCase().replace(/^\[(.*)\]$/, '$1');
  if (!host.includes(':') || !URL.canParse(`http://[${host}]`)) return { host };
  return { host: new URL(`http://[${host}]`).hostname.slice(1, -1) };
}
