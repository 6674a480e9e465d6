// Pure: a number of workers as a config writes it. (config loader)

import { MAX_WORKERS } from '../core/spec.ts';

/** `cpus`: those that may be used. "max", "max-1", "50%" or a number (also as text); null: it is none. At least 1. */
export function parseWorkers(value: string | number, cpus: number): number | null {
  if (typeof value === 'number') return value;
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value) <= MAX_WORKERS ? Number(value) : null;
  const [, less] = /^max(?:\s?-\s?(\d{1,5}))?$/.exec(value) ?? [];
  if (less !== undefined || value === 'max') return Math.max(1, cpus - Number(less ?? 0));
  const [, percent] = /^(\d{1,4}(?:\.\d+)?)\s?%$/.exec(value) ?? [];
  if (percent === undefined || Number(percent) === 0) return null;
  return Math.min(MAX_WORKERS, Math.max(1, Math.floor((cpus * Number(percent)) / 100)));
}
