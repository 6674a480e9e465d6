// Files of unix sockets that this worker shares with others. Many apps remove theirs before they listen, lest a stale one is
// in the way, or when they end. Here it is never stale, and others listen on it: the next generation, or workers beside
// this one. So removing it succeeds, and it stays. Who has bound it removes it when nobody needs it any more. (worker)

import fs, { type Stats } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasBoundUnix, isSameFile } from '../platform/socket-holder.ts';

type Removal = (path: unknown, ...rest: readonly unknown[]) => unknown;

export class SocketFiles {
  /** Declared, or listened on before: by another worker as well, for node:cluster shares it. */
  readonly #shared: Set<string>;
  /** The cluster process, which has bound what is not declared. */
  readonly #parent = process.ppid;

  constructor(declared: readonly string[]) {
    this.#shared = new Set(declared.map((path) => resolve(path)));
  }

  listensOn(path: string): void {
    this.#shared.add(resolve(path));
  }

  /** Has `fs` keep them from now on, for what is imported of it too. */
  install(): void {
    const { promises } = fs;
    const isKept = (path: unknown, found: Stats | undefined): boolean =>
      found?.isSocket() === true && this.#keeps(path);
    for (const name of ['unlink', 'rm'] as const) {
      replace(
        fs,
        `${name}Sync`,
        (remove) =>
          (path, ...rest) =>
            isKept(path, lookAt(path)) ? undefined : remove(path, ...rest),
      );
      replace(fs, name, (remove) => (path, ...rest) => {
        const callback = rest.at(-1);
        // Node says what is wrong with the arguments.
        if (typeof callback !== 'function' || !isPath(path)) return remove(path, ...rest);
        return fs.lstat(path, (_error, found) => (isKept(path, found) ? callback(null) : remove(path, ...rest)));
      });
      replace(promises, name, (remove) => async (path, ...rest) => {
        const found = isPath(path) ? await promises.lstat(path).catch(() => undefined) : undefined;
        return isKept(path, found) ? undefined : remove(path, ...rest);
      });
    }
    syncBuiltinESMExports();
  }

  #keeps(path: unknown): boolean {
    const asked = resolve(isPath(path) ? textOf(path) : '');
    if ([...this.#shared].some((shared) => isSameFile(shared, asked))) return true;
    // An orphan has got another parent.
    return process.ppid === this.#parent && hasBoundUnix(this.#parent, asked);
  }
}

/** `name` and whatever else is seen of the function stays as it is. */
function replace(module: object, name: string, wrap: (original: Removal) => Removal): void {
  const original: unknown = Reflect.get(module, name);
  if (typeof original !== 'function') return;
  const wrapped = wrap((...args) => Reflect.apply(original, module, args));
  Reflect.set(module, name, Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(original)));
}

function isPath(value: unknown): value is string | Buffer | URL {
  return typeof value === 'string' || Buffer.isBuffer(value) || value instanceof URL;
}

function textOf(path: string | Buffer | URL): string {
  return path instanceof URL ? fileURLToPath(path) : path.toString();
}

/** undefined: there is nothing, or it cannot be told; then the removal says so. */
function lookAt(path: unknown): Stats | undefined {
  try {
    return isPath(path) ? fs.lstatSync(path, { throwIfNoEntry: false }) : undefined;
  } catch {
    return undefined;
  }
}
