import { expect, it } from 'vitest';
import { deployDeadline } from '../../src/manager/deadlines.ts';
import { appSpec } from '../support/app-spec.ts';

it('leaves the hooks after a deploy the time that they have', () => {
  const plain = appSpec();
  const hooked = appSpec({ deploy: { ...plain.deploy, after: [{ kind: 'command', argv: ['true'] }] } });
  const more = (timeout: number | null) => deployDeadline(hooked, null, timeout) - deployDeadline(plain, null, timeout);
  expect(more(null)).toBe(plain.deploy.timeout);
  expect(more(5_000)).toBe(5_000);
});

it('leaves a rolling deploy the time to put the old workers back one after the other', () => {
  const ready = { on: 'listening', timeout: 3_000 } as const;
  const running = appSpec({ workers: 4, ready, stop: { signal: 'SIGTERM', timeout: 2_000 } });
  const spec = appSpec({ workers: 1, ready, stop: { signal: 'SIGTERM', timeout: 1_000 } });
  expect(deployDeadline(spec, running, 10_000)).toBeGreaterThan(10_000 + 4 * (3_000 + 2_000) + 2_000);
});
