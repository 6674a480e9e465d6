import { expect, it } from 'vitest';
import { deployDeadline, stopDeadline } from '../../src/manager/deadlines.ts';
import { CLOSING } from '../../src/protocol/cluster-link.ts';
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

it('leaves a stop the time that a cluster process takes when its workers have ended, and some for a slow machine', () => {
  const closing = Object.values(CLOSING).reduce<number>((sum, part) => sum + part, 0);
  expect(stopDeadline(null, 1_000)).toBeGreaterThan(1_000 + closing + 10_000);
  expect(stopDeadline(appSpec({ stop: { signal: 'SIGTERM', timeout: 4_000 } }), null)).toBeGreaterThan(
    4_000 + closing + 10_000,
  );
});
