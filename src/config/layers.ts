// Pure: a config's layers (defaults, apps, the chosen profile) made one, and the way back: from which layer a value
// comes. (config loader)

import { type Data, isRecord } from '../core/is-record.ts';
import { hasPath, type KeyPath, valueAt } from './key-path.ts';
import { mergeData } from './merge.ts';

/** `defaults` and `profiles` are merged in: what is left are the keys of the file itself and whole apps. */
export interface Flattened {
  readonly config: Data;
  /** Where in the file the value at a path of `config` comes from. */
  readonly originOf: (path: KeyPath) => KeyPath;
}

export function flattenLayers(file: unknown, profile: string | null): Flattened {
  const { profiles: _, $schema: __, ...base } = isRecord(file) ? file : {};
  const chosen = profile === null ? undefined : valueAt(file, ['profiles', profile]);
  const layered = chosen === undefined ? base : mergeData(base, chosen);
  const { defaults, ...rest } = isRecord(layered) ? layered : {};
  const apps = isRecord(rest.apps) ? Object.entries(rest.apps) : [];
  const whole = apps.map(([name, app]) => [name, isRecord(app) ? mergeData(defaults ?? {}, app) : app]);
  return {
    config: { ...rest, apps: Object.fromEntries(whole) },
    originOf: (path) => findOrigin(file, profile, path),
  };
}

function findOrigin(file: unknown, profile: string | null, path: KeyPath): KeyPath {
  for (let length = path.length; length > 0; length -= 1) {
    const found = layersOf(profile, path.slice(0, length)).filter((candidate) => hasPath(file, candidate));
    // Of a map that several layers make, the app's own is the one to show.
    const own = found.find((candidate) => candidate[0] === 'apps' && isRecord(valueAt(file, candidate)));
    const origin = own ?? found[0];
    if (origin !== undefined) return [...origin, ...path.slice(length)];
  }
  return path;
}

/** Where a value may come from; the first that has it wins. */
function layersOf(profile: string | null, path: KeyPath): readonly KeyPath[] {
  const [section, app, ...rest] = path;
  const inProfile = (inner: KeyPath): readonly KeyPath[] => (profile === null ? [] : [['profiles', profile, ...inner]]);
  if (section !== 'apps' || app === undefined || rest.length === 0) return [...inProfile(path), path];
  const shared = ['defaults', ...rest];
  return [...inProfile(path), path, ...inProfile(shared), shared];
}
