// Files of unix sockets that this worker shares with others. Many apps remove theirs before they listen, lest a stale one is
// in the way, or when they end. Here it is never stale, and others listen on it: the next generation, or workers beside
// this one. So removing it succeeds, and it stays. Who has bound it removes it when nobody needs it any more. (worker)
//
// Everything else is Node's, in the same turn and with the same arguments: an app may end right after it has asked for a
// removal, and it is to hear from Node what is wrong with its arguments. So the look at the file is always a synchronous one.

import fs, { type Stats } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasBoundUnix } from '../platform/socket-holder.ts';

type Removal = (...args: readonly unknown[]) => unknown;

export class SocketFiles {
  readonly #declared: readonly string[];
  /** By what listens on it: node:cluster may share it with another worker. */
  readonly #listened = new Map<object, string>();
  /** Folders that are being removed with all that is in them, once for each removal. */
  readonly #doomed = new Set<{ readonly folder: string }>();
  /** The cluster process, which has bound what is not declared. */
  readonly #parent = process.ppid;

  /** `declared`: by each name that they have. */
  constructor(declared: readonly string[]) {
    this.#declared = declared.map((path) => resolve(path));
  }

  listensOn(path: string, server: object): void {
    // Linux's abstract sockets have no file.
    if (!path.includes('\0')) this.#listened.set(server, resolve(path));
  }

  closed(server: object): void {
    this.#listened.delete(server);
  }

  /** Has `fs` keep them from now on, for what is imported of it too. */
  install(): void {
    for (const name of ['unlink', 'rm'] as const) this.#keepFrom(name);
    for (const name of ['rm', 'rmdir'] as const) this.#letRemoveFolders(name);
    syncBuiltinESMExports();
  }

  #keepFrom(name: 'unlink' | 'rm'): void {
    replace(
      fs,
      `${name}Sync`,
      (remove) =>
        (...args) =>
          this.#isKept(args[0]) ? undefined : remove(...args),
    );
    replace(fs, name, (remove) => (...args) => {
      const callback = name === 'unlink' ? args[1] : args.slice(1).find(isCallback);
      if (!isCallback(callback) || !this.#isKept(args[0])) return remove(...args);
      return void setImmediate(callback, null);
    });
    replace(fs.promises, name, (remove) => (...args) => {
      return this.#isKept(args[0]) ? Promise.resolve() : remove(...args);
    });
  }

  /**
   * Node removes a folder file by file, by the functions that are replaced here, and could not remove it if one stayed. A
   * folder that could not be removed would be worse for the app than a socket that is gone.
   */
  #letRemoveFolders(name: 'rm' | 'rmdir'): void {
    replace(fs, `${name}Sync`, (remove) => (...args) => {
      const end = this.#doom(args);
      try {
        return remove(...args);
      } finally {
        end?.();
      }
    });
    replace(fs, name, (remove) => (...args) => {
      const end = this.#doom(args);
      const at = args.findLastIndex(isCallback);
      const callback = args[at];
      if (end === null || !isCallback(callback)) return remove(...args);
      const ended = (...results: readonly unknown[]): void => {
        end();
        callback(...results);
      };
      try {
        return remove(...args.with(at, ended));
      } catch (error) {
        end();
        throw error;
      }
    });
    replace(fs.promises, name, (remove) => (...args) => {
      const end = this.#doom(args);
      const removal = remove(...args);
      return end !== null && removal instanceof Promise ? removal.finally(end) : removal;
    });
  }

  /** null: it is none that removes a folder. */
  #doom([path, options]: readonly unknown[]): (() => void) | null {
    const isRecursive = typeof options === 'object' && options !== null && Reflect.get(options, 'recursive') === true;
    const folder = isRecursive ? placeOf(path) : null;
    if (folder === null) return null;
    const doomed = { folder };
    this.#doomed.add(doomed);
    return () => void this.#doomed.delete(doomed);
  }

  #isKept(path: unknown): boolean {
    const found = lookAt(path);
    const place = found?.isSocket() === true ? placeOf(path) : null;
    if (found === undefined || place === null) return false;
    if ([...this.#doomed].some(({ folder }) => place.startsWith(folder.endsWith(sep) ? folder : folder + sep)))
      return false;
    const isIt = (shared: string): boolean => isSame(found, lookAt(shared));
    return this.#declared.some(isIt) || [...this.#listened.values()].some(isIt) || this.#isOfParent(place);
  }

  #isOfParent(place: string): boolean {
    // An orphan has got another parent.
    if (process.ppid !== this.#parent) return false;
    try {
      return hasBoundUnix(this.#parent, place);
    } catch {
      // What cannot be told is no reason to fail in the app.
      return false;
    }
  }
}

/** `name` and whatever else is seen of the function stays as it is. */
function replace(module: object, name: string, wrap: (original: Removal) => Removal): void {
  const original: unknown = Reflect.get(module, name);
  if (typeof original !== 'function') return;
  const wrapped = wrap((...args) => Reflect.apply(original, module, args));
  Reflect.set(module, name, Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(original)));
}

function isCallback(value: unknown): value is (...results: readonly unknown[]) => void {
  return typeof value === 'function';
}

/** null: Node says what is wrong with it. */
function placeOf(path: unknown): string | null {
  try {
    if (path instanceof URL) return resolve(fileURLToPath(path));
    if (path instanceof Uint8Array) return resolve(Buffer.from(path).toString());
    return typeof path === 'string' ? resolve(path) : null;
  } catch {
    return null;
  }
}

/** undefined: there is nothing, or it cannot be told; then the removal says so. */
function lookAt(path: unknown): Stats | undefined {
  const isPath = typeof path === 'string' || path instanceof Uint8Array || path instanceof URL;
  try {
    return isPath
      ? fs.lstatSync(path instanceof Uint8Array ? Buffer.from(path) : path, { throwIfNoEntry: false })
      : undefined;
  } catch {
    return undefined;
  }
}

function isSame(one: Stats, other: Stats | undefined): boolean {
  return one.dev === other?.dev && one.ino === other.ino;
}
