// Pure: what a call of server.listen asks for, in all the forms that Node accepts. (worker)

export interface ListenOptions {
  readonly backlog: number | null;
  readonly ipv6Only: boolean;
  readonly reusePort: boolean;
  /** Not to be shared with other workers. */
  readonly exclusive: boolean;
  /** Unix sockets: open to everybody. */
  readonly readableAll: boolean;
  readonly writableAll: boolean;
  readonly signal: AbortSignal | null;
  /** The last argument, where it is a function. */
  readonly callback: ((...args: unknown[]) => void) | null;
}

/** `host` null: none was given. `port` 0: any free one. */
export type ListenRequest = ListenOptions &
  (
    | { readonly kind: 'tcp'; readonly port: number; readonly host: string | null }
    | { readonly kind: 'unix'; readonly path: string }
  );

/** null: a handle, a file descriptor, or something that Node will refuse. */
export function readListenArguments(args: readonly unknown[]): ListenRequest | null {
  const [first] = args;
  if (typeof first === 'object' && first !== null) return readOptions(first, args);
  const options = readOptionals({}, args);
  if (isPath(first)) return { ...options, kind: 'unix', path: first };
  const port = first === undefined || first === null || typeof first === 'function' ? 0 : readPort(first);
  if (port === null) return null;
  const host = typeof args[1] === 'string' && args[1] !== '' ? args[1] : null;
  return { ...options, kind: 'tcp', port, host };
}

function readOptions(given: object, args: readonly unknown[]): ListenRequest | null {
  if ('_handle' in given || 'handle' in given || field(given, 'fd') !== undefined) return null;
  const options = readOptionals(given, args);
  if ('port' in given) {
    const port = given.port === undefined || given.port === null ? 0 : readPort(given.port);
    if (port === null) return null;
    const host = field(given, 'host');
    return { ...options, kind: 'tcp', port, host: typeof host === 'string' && host !== '' ? host : null };
  }
  const path = field(given, 'path');
  return isPath(path) ? { ...options, kind: 'unix', path } : null;
}

function readOptionals(given: object, args: readonly unknown[]): ListenOptions {
  const last = args.at(-1);
  const signal = field(given, 'signal');
  return {
    backlog: positive(field(given, 'backlog')) ?? positive(args[1]) ?? positive(args[2]),
    ipv6Only: field(given, 'ipv6Only') === true,
    reusePort: field(given, 'reusePort') === true,
    exclusive: Boolean(field(given, 'exclusive')),
    readableAll: field(given, 'readableAll') === true,
    writableAll: field(given, 'writableAll') === true,
    signal: signal instanceof AbortSignal ? signal : null,
    callback: isCallback(last) ? last : null,
  };
}

function isCallback(value: unknown): value is (...args: unknown[]) => void {
  return typeof value === 'function';
}

/** A string that is no number is the path of a unix socket; Linux's abstract ones begin with a zero byte. */
function isPath(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !(Number(value) >= 0);
}

function readPort(value: unknown): number | null {
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) return null;
  const port = Number(value);
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : null;
}

function positive(value: unknown): number | null {
  if (typeof value !== 'number' && typeof value !== 'string') return null;
  return Number(value) > 0 ? Number(value) : null;
}

function field(given: object, name: string): unknown {
  return Reflect.get(given, name);
}
