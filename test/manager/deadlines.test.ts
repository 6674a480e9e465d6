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
