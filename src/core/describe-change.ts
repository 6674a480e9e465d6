// Pure: a changed key in words. Of texts only those show of which there are a few: any other may come from a variable.

import { humanDuration } from './human-duration.ts';
import type { KeyChange } from './plan.ts';

const DURATION = /(^|\.)(timeout|delay|interval|minDelay|maxDelay|resetAfter|settle)$/;
const SIZE = new Set(['restart.memory', 'logs.maxSize']);
/** Their values are words of the config's own. */
const WORDS = new Set(['balance', 'ready.on', 'stop.signal', 'restart.onUncaught', 'deploy.strategy', 'logs.onSlow']);

/** "workers 2 → 4", "env.PORT changed", "restart.memory none → 512M". */
export function describeChange(path: string, kind: KeyChange['kind'], before: unknown, after: unknown): string {
  const [from, to] = [formatValue(path, before), formatValue(path, after)];
  return from === null || to === null || from === to ? `${path} ${kind}` : `${path} ${from} → ${to}`;
}

/** null: better left out. */
function formatValue(path: string, value: unknown): string | null {
  if (value === undefined || value === null) return 'none';
  if (typeof value === 'number') {
    if (DURATION.test(path)) return humanDuration(value);
    return SIZE.has(path) ? formatSize(value) : String(value);
  }
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'string' && WORDS.has(path) ? value : null;
}

function formatSize(bytes: number): string {
  const units = ['G', 'M', 'K'] as const;
  for (const [index, unit] of units.entries()) {
    const size = 1024 ** (units.length - index);
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}
