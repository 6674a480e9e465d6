// Pure: a length of time as people say it.

import type { Milliseconds } from './spec.ts';

/** "240 ms", "1.2 s", "30 s", "3 min 5 s", "2 h 10 min", "4 d 3 h". */
export function humanDuration(duration: Milliseconds): string {
  const ms = Math.max(0, Math.round(duration));
  if (ms < 1000) return `${ms} ms`;
  if (ms < 59_950) return `${ms % 1000 === 0 ? ms / 1000 : (ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return pair(seconds, 60, 'min', 's');
  const minutes = Math.floor(seconds / 60);
  return minutes < 24 * 60 ? pair(minutes, 60, 'h', 'min') : pair(Math.floor(minutes / 60), 24, 'd', 'h');
}

function pair(amount: number, size: number, large: string, small: string): string {
  const rest = amount % size;
  return rest === 0
    ? `${Math.floor(amount / size)} ${large}`
    : `${Math.floor(amount / size)} ${large} ${rest} ${small}`;
}
