// Rule: limits that contradict each other, or that can only be a slip. (config loader)

import type { AppDraft, RuleContext } from './draft.ts';

const MIN_MEMORY = 1024 * 1024;
const MIN_LOG_SIZE = 1024;

export function checkLimits({ apps, report }: RuleContext): void {
  for (const { spec } of apps) {
    for (const { key, message, hint } of contradictions(spec)) report(['apps', spec.name, ...key], message, { hint });
  }
}

interface Contradiction {
  readonly key: readonly string[];
  readonly message: string;
  readonly hint: string;
}

function contradictions({ restart, deploy, logs }: AppDraft['spec']): readonly Contradiction[] {
  const found: Contradiction[] = [];
  if (restart.minDelay > restart.maxDelay) {
    found.push({ key: ['restart', 'minDelay'], message: 'minDelay is longer than maxDelay', hint: 'raise maxDelay' });
  }
  if (deploy.settle >= deploy.timeout) {
    found.push({
      key: ['deploy', 'settle'],
      message: 'no deploy could settle before its timeout',
      hint: 'raise deploy.timeout',
    });
  }
  if (restart.memory !== null && restart.memory < MIN_MEMORY) {
    found.push({
      key: ['restart', 'memory'],
      message: 'no Node program runs in so little memory',
      hint: 'a plain number is bytes: write "512M"',
    });
  }
  if (logs.maxSize !== null && logs.maxSize < MIN_LOG_SIZE) {
    found.push({
      key: ['logs', 'maxSize'],
      message: 'files so small would be rotated at every line',
      hint: 'a plain number is bytes: write "10M"',
    });
  }
  return found;
}
