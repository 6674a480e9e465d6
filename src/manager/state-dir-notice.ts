// Manager: tells of a `stateDir` that the manager which runs does not have.

import type { EcosystemSpec } from '../core/spec.ts';
import type { Fleet } from './fleet.ts';

export function stateDirNotices({ layout }: Fleet, { stateDir }: EcosystemSpec): readonly string[] {
  if (stateDir === layout.dir) return [];
  return ['stateDir changed; takes effect when the manager is started anew (`evenkeel stop`, `evenkeel start`)'];
}
