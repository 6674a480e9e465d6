// How many workers a caller asks for, in the words of the config.

import { parseWorkers } from '../config/parse-workers.ts';
import { MAX_WORKERS } from '../core/spec.ts';
import { availableCpus } from '../platform/cpus.ts';

/** 4, "4", "max", "max-1" or "50%"; null: that is no number of workers. */
export function countWorkers(given: string | number): number | null {
  const workers = parseWorkers(given, availableCpus());
  return Number.isInteger(workers) && workers !== null && workers >= 1 && workers <= MAX_WORKERS ? workers : null;
}
