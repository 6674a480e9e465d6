// Pure: what it takes for a changed key of an app to take effect. The schema says the same in `x-change` (a test
// compares the two).

import type { ChangeClass } from './plan.ts';

/** Key paths of AppSpec; one stands for everything below it that has no line of its own. */
export const CHANGE_CLASSES = {
  name: 'none',
  script: 'deploy',
  command: 'deploy',
  args: 'deploy',
  node: 'deploy',
  cwd: 'deploy',
  workers: 'scale',
  env: 'deploy',
  listen: 'deploy',
  balance: 'restart',
  ready: 'live',
  health: 'live',
  stop: 'live',
  // The agent is told at boot which signal the app may handle, and what to do when nothing catches an error.
  'stop.signal': 'deploy',
  restart: 'live',
  'restart.onUncaught': 'deploy',
  deploy: 'live',
  hooks: 'live',
  logs: 'live',
  user: 'deploy',
  dependsOn: 'none',
} as const satisfies Readonly<Record<string, ChangeClass>>;

const classes: ReadonlyMap<string, ChangeClass> = new Map(Object.entries(CHANGE_CLASSES));

/**
 * `path`: a key path of AppSpec (`env.PORT`, `restart.limit`). A key that this version does not know (the spec was
 * pinned by another one) is `deploy`, which makes every change take effect.
 */
export function changeClassOf(path: string): ChangeClass {
  for (let key = path; key !== ''; key = parentOf(key)) {
    const found = classes.get(key);
    if (found !== undefined) return found;
  }
  return 'deploy';
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('.'), 0));
}
