// Where the inspector of a worker listens that Node's own options ask for: workers and generations share these options, and
// can not share a port. (cluster process)

import { isIP } from 'node:net';
import { bindTcp } from '../platform/node-handles.ts';

export interface InspectorAddress {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
}

const DEFAULT: InspectorAddress = { host: '127.0.0.1', port: 9229 };
const LAST_PORT = 65_535;
const OPTION = /^--(?:inspect(?:-brk|-wait|-port)?|debug-port)(?:=(.*))?$/;

/** Pure. As Node reads its options, the last one first; then each slot has a port of its own. null: they ask for none. */
export function inspectorOf(nodeArgs: readonly string[], slot: number): InspectorAddress | null {
  const given = nodeArgs.flatMap((argument, index) => {
    const found = OPTION.exec(argument);
    if (found === null) return [];
    const takesNext = found[1] === undefined && /-port$/.test(argument);
    return [readAddress((takesNext ? nodeArgs[index + 1] : found[1]) ?? '')];
  });
  if (given.length === 0) return null;
  const { host, port }: InspectorAddress = Object.assign({}, DEFAULT, ...given);
  const own = port === 0 ? 0 : port + slot;
  return { host, port: own > LAST_PORT ? 0 : own };
}

/** Its port; any where that is taken, as by the worker that a deploy replaces: Node would not start. */
export function freeInspectorPort({ host, port }: InspectorAddress): number {
  if (port === 0) return 0;
  const family = isIP(host);
  // What a name leads to is not looked up: the port is to be free everywhere.
  const bound = family === 6 ? bindTcp(host, port, 6) : bindTcp(family === 4 ? host : '0.0.0.0', port, 4);
  if (bound.ok) bound.handle.close();
  return bound.ok ? port : 0;
}

/** "9300", "0.0.0.0", "[::1]:9300"; empty: nothing is said. */
function readAddress(text: string): Partial<InspectorAddress> {
  if (/^\d+$/.test(text)) return { port: Number(text) };
  const [, host = '', port] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(text) ?? [];
  const plain = host.replace(/^\[(.*)\]$/, '$1');
  return { ...(plain === '' ? {} : { host: plain }), ...(port === undefined ? {} : { port: Number(port) }) };
}
