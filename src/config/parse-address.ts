// Pure: an address of `listen`. (config loader)

import { isIPv6 } from 'node:net';
import { resolve } from 'node:path';
import type { ListenAddress } from '../core/spec.ts';

/** A port, "port", "host:port", "[v6]:port", or a path (it has a "/"), relative to `cwd`; null: it is none. */
export function parseAddress(value: string | number, cwd: string): ListenAddress | null {
  if (typeof value === 'number') return tcp(null, `${value}`);
  if (value.includes('/')) return { kind: 'unix', path: resolve(cwd, value) };
  const [, bracketed, plain, port] = /^(?:(?:\[([^[\]]+)\]|([^:[\]\s]+)):)?(\d{1,5})$/.exec(value) ?? [];
  if (port === undefined || (bracketed !== undefined && !isIPv6(bracketed))) return null;
  return tcp(bracketed ?? plain ?? null, port);
}

function tcp(host: string | null, text: string): ListenAddress | null {
  const port = Number(text);
  if (port < 1 || port > 65_535) return null;
  return { kind: 'tcp', host: host === '*' ? null : host, port };
}
