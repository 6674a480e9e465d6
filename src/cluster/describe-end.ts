// How a worker's process ended, in words. (cluster process)

import { hasCrashed, type Worker } from '../core/cluster-model.ts';
import type { ProcessEnd } from './worker-process.ts';

/** Of an end that nobody asked for. */
export function explainEnd(known: Worker, how: string): string {
  if (hasCrashed(known)) return `${how}: it ${known.leaving?.reason}`;
  return known.state === 'draining' ? `${how} while it drained (${known.reason})` : how;
}

export function describeEnd({ code, signal, error }: ProcessEnd): string {
  if (error !== null) return `could not be started: ${error}`;
  return code === null ? `was ended by ${signal}` : `exited with code ${code}`;
}
