import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeClusterRecord, readClusterRecord } from '../../src/platform/read-cluster-record.ts';
import { writeStateFile } from '../../src/platform/state-file.ts';
import { appSpec } from '../support/spec.ts';
import { tempDir } from '../support/temp-dir.ts';

const identity = { pid: 4711, startTime: 'boot:1' };
const pinned = { generation: 3, spec: appSpec(), realCwd: '/srv', realScript: null };
const entry = {
  ...{ generation: 3, outcome: 'done', reason: 'deploy', startedAt: '2026-01-01T00:00:00.000Z', durationMs: 1 },
  ...{ loss: { finished: 0, cut: 0, killed: 0 }, pinned, current: true },
};
const worker = { key: 1, slot: 0, generation: 3, identity, hasAgent: true, startedAt: 1 };
const record = {
  ...{ app: 'web', cluster: identity, lastGeneration: 3, current: pinned, desired: 1, started: true },
  ...{
    unfinished: { generation: 4, reason: 'deploy', startedAt: 1 },
    history: [entry],
    workers: [worker],
    lastEvent: 9,
  },
};

describe('a cluster record', () => {
  it('is read as it was written', () => {
    expect(decodeClusterRecord(record)).toEqual(record);
  });

  it.each([
    ['history', [null, {}, { ...entry, pinned: {} }, entry], [entry]],
    ['workers', [{}, null, { ...worker, identity: { pid: 0, startTime: '' } }, worker], [worker]],
    ['workers', 'none', []],
    ['current', { generation: 3 }, null],
    ['cluster', 'x', null],
    ['unfinished', { generation: -1 }, null],
  ])('whose part %s makes no sense keeps what does', (part, value, kept) => {
    expect(decodeClusterRecord({ ...record, [part]: value })).toEqual({ ...record, [part]: kept });
  });

  it('that is none at all is set aside, for a person to look at', async () => {
    const path = join(tempDir(), 'cluster.json');
    await writeStateFile(path, { ...record, lastGeneration: 'three' });
    expect(readClusterRecord(path)).toBeNull();
    expect(readdirSync(join(path, '..'))).toEqual([expect.stringMatching(/^cluster\.json\.corrupt-/)]);
  });

  it('of any kind does no harm', () => {
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom(...Object.keys(record)), (value, part) => {
        decodeClusterRecord(value);
        decodeClusterRecord({ ...record, [part]: value });
      }),
    );
  });
});
