// Pure: why an app is not online although nobody is at work on it, and when it is tried again.

import { type ClusterModel, slotRecord } from './cluster-model.ts';
import { failures } from './describe-event.ts';
import { humanDuration } from './human-duration.ts';
import type { SlotRecord } from './restart-policy.ts';
import type { Slot, WorkerFailure } from './status.ts';

/** Of the worker that comes next, or is given up; null: none has failed. `failureOf`: how a slot's worker failed last. */
export function describeBackoff(
  model: ClusterModel,
  now: number,
  failureOf: (slot: Slot) => WorkerFailure | null,
): string | null {
  if (model.mode !== 'running' || model.deploy !== null) return null;
  const [next] = Array.from({ length: model.desired }, (_, slot) => ({ slot, record: slotRecord(model, slot) }))
    .filter(({ slot, record }) => record.failures > 0 && !model.workers.some((worker) => isThere(worker, slot)))
    .sort((a, b) => Number(b.record.gaveUp) - Number(a.record.gaveUp) || a.record.notBefore - b.record.notBefore);
  if (next === undefined) return null;
  const { slot, record } = next;
  const what = `worker ${slot} ${record.why ?? 'has failed'}`;
  const failure = failureOf(slot);
  // A deploy in the meantime may have failed in that slot, for another reason.
  const hint = failure?.hint != null && failure.reason === record.why ? `. ${failure.hint}` : '';
  return `${what} (${failures(record.failures)}); ${describeNextTry(record, now)}${hint}`;
}

export function describeNextTry({ gaveUp, notBefore }: SlotRecord, now: number): string {
  if (gaveUp) return 'not tried again';
  return notBefore > now ? `tried again in ${humanDuration(notBefore - now)}` : 'being tried again';
}

function isThere(worker: ClusterModel['workers'][number], slot: Slot): boolean {
  return worker.slot === slot && worker.state === 'ready';
}
