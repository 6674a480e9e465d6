// Which generation a rollback goes back to, and how generations are told apart.

import { describe, expect, it } from 'vitest';
import { placesOf, type Release, releaseBefore, rollbackTargets } from '../../src/core/release.ts';
import type { AppSpec } from '../../src/core/spec.ts';
import type { DeployOutcome } from '../../src/core/status.ts';
import { appSpec } from '../support/app-spec.ts';

const at = (folder: string): Partial<Release> => ({
  ...{ realCwd: `/srv/releases/${folder}`, realScript: `/srv/releases/${folder}/server.js` },
});
const withSpec = (change: Partial<AppSpec>): Partial<Release> => ({ spec: appSpec(change) });

/** Generations from 1 on, the last of which serves; a text: how a deploy ended that brought none. */
function historyOf(...releases: readonly (Partial<Release> | DeployOutcome)[]) {
  return releases.map((release, index) => {
    const generation = index + 1;
    if (typeof release === 'string') return { outcome: release, current: false, pinned: null };
    const pinned: Release = { generation, spec: appSpec(), realCwd: '/srv', realScript: '/srv/app.js', ...release };
    return { outcome: 'done' as const, current: generation === releases.length, pinned };
  });
}

describe('without --to a rollback goes back to', () => {
  const base = appSpec();
  const { restart, stop } = base;
  it.each<[string, readonly (Partial<Release> | DeployOutcome)[], number | null]>([
    ['the release before', [at('1'), at('2'), at('3')], 2],
    ['the release before, however often this one was restarted', [at('1'), at('2'), at('2'), at('2')], 1],
    ['the one that it came from, when it is done twice', [at('1'), at('2'), at('1')], 2],
    ['the one before deploys that failed', [at('1'), 'failed', 'timed-out', at('2')], 1],
    [
      'another environment',
      [withSpec({ env: { A: '1' } }), withSpec({ env: { A: '2' } }), withSpec({ env: { A: '2' } })],
      1,
    ],
    ['other arguments', [withSpec({ args: ['a'] }), {}, {}], 1],
    ['what Node is told at its start', [withSpec({ restart: { ...restart, onUncaught: 'replace' } }), {}], 1],
    ['another script in the same folder', [{ realScript: '/srv/old.js' }, {}], 1],
    ['nothing: there is one', [at('1')], null],
    ['the one before, where it was only restarted', [{}, {}, {}], 2],
    [
      'the release before, whatever the number of workers was',
      [at('1'), { ...at('2'), ...withSpec({ workers: 4 }) }, at('2')],
      1,
    ],
    [
      'the release before, where workers that run took a change over',
      [
        at('1'),
        { ...at('2'), ...withSpec({ stop: { ...stop, timeout: 1 }, logs: { ...base.logs, keep: 1 } }) },
        at('2'),
      ],
      1,
    ],
    [
      'the release before, where another way led to the same folder',
      [at('1'), { ...at('2'), ...withSpec({ cwd: '/srv/current', script: '/srv/current/app.js' }) }, at('2')],
      1,
    ],
  ])('%s', (_what, releases, generation) => {
    expect(releaseBefore(historyOf(...releases))?.generation ?? null).toBe(generation);
  });
});

it('goes to any that was done where none serves', () => {
  const [only] = historyOf(at('1'));
  expect(releaseBefore([{ pinned: null, outcome: 'failed', current: false }])).toBeNull();
  expect(releaseBefore(only === undefined ? [] : [{ ...only, current: false }])?.generation).toBe(1);
});

it('--to may be any that was done, but for the one that serves', () => {
  const targets = rollbackTargets(historyOf(at('1'), 'aborted', at('1'), at('2')));
  expect(targets.map(({ generation }) => generation)).toEqual([3, 1]);
});

it.each<[string, readonly (readonly [string, string | null])[], readonly string[] | null]>([
  [
    'at one place',
    [
      ['/srv', '/srv/a.js'],
      ['/srv', '/srv/a.js'],
    ],
    null,
  ],
  [
    'in different folders',
    [
      ['/srv/1', '/srv/1/a.js'],
      ['/srv/2', '/srv/2/a.js'],
    ],
    ['/srv/1', '/srv/2'],
  ],
  [
    'different scripts of one folder',
    [
      ['/srv', '/srv/a.js'],
      ['/srv', '/srv/1/a.js'],
    ],
    ['/srv/a.js', '/srv/1/a.js'],
  ],
  [
    'in folders that have no script',
    [
      ['/srv/1', null],
      ['/srv/2', null],
    ],
    ['/srv/1', '/srv/2'],
  ],
  [
    'a script of elsewhere in different folders',
    [
      ['/srv/1', '/opt/a.js'],
      ['/srv/2', '/opt/a.js'],
    ],
    ['/srv/1', '/srv/2'],
  ],
  [
    'a script, and then a command',
    [
      ['/srv', '/srv/a.js'],
      ['/srv', null],
    ],
    ['/srv/a.js', '/srv'],
  ],
])('releases that run %s are named by what differs', (_what, places, names) => {
  expect(placesOf(places.map(([realCwd, realScript]) => ({ realCwd, realScript })))).toEqual(names);
});
