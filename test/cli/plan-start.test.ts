// What `plan` says where no manager runs: what a start would make of what an earlier manager has left.

import { describe, expect, it } from 'vitest';
import { planStart } from '../../src/cli/plan-start.ts';
import type { Remains } from '../../src/client/remains.ts';
import { type AppRecord, EMPTY_STATE, NEW_RECORD } from '../../src/platform/manager-record.ts';
import { appSpec, ecosystem } from './support/fake-programs.ts';

const web = appSpec('web');
const shop = ecosystem('/srv/shop', web);
const cluster = { pid: 4711, startTime: '1' };

function remains(record: Partial<AppRecord> | null, rest: Partial<Remains> = {}): Remains {
  const apps = record === null ? {} : { web: { ...NEW_RECORD, ...record } };
  return { state: { ...EMPTY_STATE, apps }, running: new Map(), orphaned: new Set(), served: new Set(), ...rest };
}

const changeOf = (left: Remains) => planStart(shop, left).changes[0];

describe('a start without a manager', () => {
  it('starts what has never run, and says that it is what a start would do', () => {
    expect(planStart(shop, remains(null))).toEqual({
      changes: [{ app: 'web', action: 'start', reasons: ['added to the config'], keys: [] }],
      notices: ['no manager is running: this is what `evenkeel start` would do'],
    });
  });

  it('says what may be a slip in the config', () => {
    const { notices } = planStart({ ...shop, notices: ['web is odd'] }, remains(null));
    expect(notices).toEqual([expect.stringContaining('no manager'), 'web is odd']);
  });

  it('takes over what runs on, and tells where that is not what the file says', () => {
    expect(changeOf(remains({ wanted: true, cluster }, { running: new Map([['web', web]]) }))).toMatchObject({
      action: 'none',
      reasons: ['runs on without a manager: is taken over as it is'],
    });
    const scaled = new Map([['web', appSpec('web', { workers: 3 })]]);
    expect(changeOf(remains({ wanted: true, cluster }, { running: scaled }))).toMatchObject({
      action: 'none',
      reasons: [
        'runs on without a manager: is taken over as it is',
        'not as the file says (workers): `evenkeel reload` goes by the file',
      ],
    });
  });

  it('brings back what was killed as it ran', () => {
    const left = remains({ wanted: true, cluster, override: { workers: 3 } });
    expect(changeOf(left)).toMatchObject({
      action: 'start',
      reasons: ['its cluster process was killed: it comes back as it ran'],
    });
  });

  it('starts with what commands have changed', () => {
    expect(changeOf(remains({ override: { workers: 3, env: { A: '1' } } }))).toMatchObject({
      action: 'start',
      reasons: ['not running', 'with what commands have changed (workers, env.A): `evenkeel reload` goes by the file'],
    });
    // It is what the file says by now.
    expect(changeOf(remains({ override: { workers: 1 } }))).toMatchObject({ reasons: ['not running'] });
  });

  it('leaves stopped what was stopped by name', () => {
    expect(changeOf(remains({ stoppedByName: true }))).toMatchObject({
      action: 'none',
      reasons: ['stays stopped: it was stopped by name; `evenkeel start web` starts it'],
    });
  });

  it('takes over what the config no longer has', () => {
    const { changes } = planStart(shop, remains(null, { running: new Map([['old', appSpec('old')]]) }));
    expect(changes.map(({ app, action }) => [app, action])).toEqual([
      ['web', 'start'],
      ['old', 'none'],
    ]);
  });

  it.each<[string, Partial<AppRecord> | null, string[], string[]]>([
    ['was killed', { wanted: true, cluster }, [], ['start']],
    ['was killed, and its workers are there', { wanted: true }, ['old'], ['start']],
    ['was killed, and nobody has left word of it', null, ['old'], ['start']],
    ['was killed while it was stopped', { wanted: false }, ['old'], ['none']],
    ['was stopped', { wanted: false }, [], []],
  ])('what the config no longer has, and %s', (_what, record, orphaned, actions) => {
    const apps = record === null ? {} : { old: { ...NEW_RECORD, ...record } };
    const left = remains(null, { state: { ...EMPTY_STATE, apps }, orphaned: new Set(orphaned) });
    const changes = planStart(shop, left).changes.filter(({ app }) => app === 'old');
    expect(changes.map(({ action }) => action)).toEqual(actions);
    if (actions[0] === 'start') expect(changes[0]?.reasons[0]).toContain('it comes back as it ran; a reload stops it');
  });

  it('tells of a reload that is gone on with', () => {
    const left = remains(null);
    const { notices } = planStart(shop, { ...left, state: { ...left.state, reloading: shop } });
    expect(notices).toContain('a reload was under way when the manager was killed: the next manager finishes it');
  });
});
