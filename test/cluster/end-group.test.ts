import { expect, it } from 'vitest';
import { endGroup } from '../../src/cluster/end-group.ts';

const GRACE = { term: 60, kill: 60 };
const LONG_GRACE = { term: 60_000, kill: 60 };

it('is told to end, and that is all when it does', async () => {
  const sent: string[] = [];
  await endGroup((signal) => sent.push(signal) < 3, LONG_GRACE);
  expect(sent).toEqual(['SIGTERM', 'SIGCONT', 'SIGCONT']);
});

it('is killed when it does not', async () => {
  const sent: string[] = [];
  await endGroup((signal) => sent.push(signal) > 0 && !sent.includes('SIGKILL'), GRACE);
  expect(sent[0]).toBe('SIGTERM');
  expect(sent).toContain('SIGKILL');
});

it('is not waited for for ever: dead members that nobody reaps still count', async () => {
  await expect(endGroup(() => true, GRACE)).resolves.toBeUndefined();
});
