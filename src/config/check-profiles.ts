// Pure: what can be wrong with profiles as they are written, be they chosen or not. (config loader)

import { isRecord } from '../core/is-record.ts';
import { didYouMean } from './did-you-mean.ts';
import { type Fault, makeFault } from './fault.ts';
import { hasPath, type KeyPath, valueAt } from './key-path.ts';

/** `chosen` null: none is. */
export function checkProfiles(file: unknown, chosen: string | null): readonly Fault[] {
  const strays = namesAt(file, ['profiles']).flatMap((profile) => checkApps(file, profile));
  return [...checkChosen(file, chosen), ...strays];
}

function checkChosen(file: unknown, chosen: string | null): readonly Fault[] {
  if (chosen === null || hasPath(file, ['profiles', chosen])) return [];
  const names = namesAt(file, ['profiles']);
  const all = names.length === 0 ? 'the file has no profiles' : `profiles: ${names.join(', ')}`;
  const hint = didYouMean(chosen, names) ?? all;
  return [makeFault(['profiles', chosen], 'there is no such profile', { hint, at: 'key' })];
}

/** A profile may bring an app of its own, which then has a program; any other entry changes an app that there is. */
function checkApps(file: unknown, profile: string): readonly Fault[] {
  const path = ['profiles', profile, 'apps'];
  const known = namesAt(file, ['apps']);
  const shared = [['defaults'], ['profiles', profile, 'defaults']];
  return namesAt(file, path)
    .filter((name) => !known.includes(name) && ![[...path, name], ...shared].some((place) => hasProgram(file, place)))
    .map((name) => {
      const hint = didYouMean(name, known) ?? 'an app of the profile alone needs a script or a command';
      return makeFault([...path, name], 'there is no such app', { hint, at: 'key' });
    });
}

function hasProgram(file: unknown, path: KeyPath): boolean {
  return hasPath(file, [...path, 'script']) || hasPath(file, [...path, 'command']);
}

function namesAt(file: unknown, path: KeyPath): readonly string[] {
  const value = valueAt(file, path);
  return isRecord(value) ? Object.keys(value) : [];
}
