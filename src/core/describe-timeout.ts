// Pure: why a deploy took too long, in words: how long it had, where that is said, and what it was waiting for.

import { type ClusterModel, type Deploy, hasReadyWorker } from './cluster-model.ts';
import { humanDuration } from './human-duration.ts';

export function describeTimeout(model: ClusterModel, deploy: Deploy): string {
  const patience = humanDuration(deploy.deadline - deploy.startedAt);
  return `the deploy took longer than ${patience} (deploy.timeout, or --timeout): ${waitedFor(model, deploy)}`;
}

function waitedFor(model: ClusterModel, { phase, workers, generation, settle }: Deploy): string {
  switch (phase) {
    case 'preparing':
      return 'the new generation was still being prepared';
    case 'clearing':
    case 'yielding':
      return 'old workers had not ended yet';
    case 'settling':
      return `the new workers were ready, but had still to stay up for ${humanDuration(settle)} (deploy.settle)`;
    case 'retiring':
      return 'old workers had still to finish before the next batch';
    case 'booting':
    case 'reverting':
    case 'aborting': {
      const slots = Array.from({ length: workers }, (_, slot) => slot);
      const ready = slots.filter((slot) => hasReadyWorker(model, slot, generation)).length;
      return `${ready} of ${workers} new workers were ready`;
    }
  }
}
