// `rollback` and `history`: earlier generations and how to get back to them.

import { describe, expect, test } from 'vitest';
import type { HistoryAnswer } from '../../src/protocol/control-api.ts';
import { server } from '../support/apps.ts';
import { freePort } from '../support/free-port.ts';
import { startedRelease } from '../support/releases.ts';
import { createRig } from '../support/rig.ts';
import { seenBy } from '../support/seen-by.ts';
import { LONG } from '../support/tiers.ts';

describe('rollback', () => {
  test('deploys the settings of before, or those of the generation that is named', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: server('environment', port, { workers: 1 }) } });
    await rig.run('start');
    for (const version of ['2', '3']) {
      rig.editEnv('web', { VERSION: version });
      await rig.run('reload');
    }
    await rig.run('rollback', 'web');
    expect((await seenBy(port)).version).toBe('2');
    expect(await rig.app('web')).toMatchObject({ generation: 4, drift: true });
    await rig.run('rollback', 'web', '--to', '1');
    expect((await seenBy(port)).version).toBe('1');
    const { generations } = await rig.json<HistoryAnswer>('history', 'web');
    expect(generations.map(({ generation, outcome }) => [generation, outcome]).sort()).toEqual([
      [1, 'done'],
      [2, 'done'],
      [3, 'done'],
      [4, 'done'],
      [5, 'done'],
    ]);
    expect(generations.filter(({ current }) => current).map(({ generation }) => generation)).toEqual([5]);
  });

  test('to a release that a link does not lead to any more is undone by a reload', LONG, async () => {
    const { rig, port } = await startedRelease();
    await using _ = rig;
    await rig.run('deploy', 'web');
    await rig.run('rollback', 'web');
    expect((await seenBy(port)).cwd).toBe(rig.path('releases/1'));
    expect((await rig.run('plan')).stdout).toMatch(
      /undoes the rollback to 1, so the code at the paths of the file runs again/,
    );
    await rig.run('reload');
    expect((await seenBy(port)).cwd).toBe(rig.path('releases/2'));
    expect((await rig.app('web')).drift).toBe(false);
    expect((await rig.run('plan')).stdout).toMatch(/nothing to do/);
  });

  test('leaves a release, however often that was restarted, and names it; twice, it comes back', async () => {
    const { rig, port } = await startedRelease();
    await using _ = rig;
    await rig.run('deploy', 'web');
    await rig.run('restart', 'web');
    for (const number of ['1', '2']) {
      const { stdout } = await rig.run('rollback', 'web');
      expect(stdout).toContain(` serves from ${rig.path('releases', number)}; `);
      expect((await seenBy(port)).cwd).toBe(rig.path('releases', number));
    }
    const { stdout } = await rig.run('history', 'web');
    const [, ...rows] = stdout.trimEnd().split('\n');
    const shown = rows.map((row) => row.replace(/^\*? +/, '').split(/ {2,}/));
    expect(shown.map(([generation, _when, _outcome, _took, name, why]) => [generation, name, why])).toEqual([
      ['5', '2', 'rollback to 3'],
      ['4', '1', 'rollback to 1'],
      ['3', '2', 'restart'],
      ['2', '2', 'deploy'],
      ['1', '1', 'start'],
    ]);
  });

  test('keeps the number of workers, also when the app is started again', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: server('environment', port, { workers: 1 }) } });
    await rig.run('start');
    await rig.run('deploy', 'web', '--env', 'VERSION=2');
    await rig.run('scale', 'web=3');
    await rig.run('rollback', 'web');
    expect((await seenBy(port)).version).toBe('1');
    expect(await rig.app('web')).toMatchObject({ desired: 3, ready: 3 });
    await rig.run('stop', 'web');
    const { stdout } = await rig.run('start', 'web');
    expect(stdout).toContain(
      'web runs what the rollback to 1 left, not what the file says: `evenkeel reload` goes by the file',
    );
    expect(await rig.app('web')).toMatchObject({ desired: 3, ready: 3 });
  });

  test('with nothing to go back to fails and changes nothing', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    const pids = await rig.pids('web');
    for (const args of [[], ['--to', '77']]) {
      const { code, stderr } = await rig.cli('rollback', 'web', ...args);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^error: web: .*(go|gone) back/);
    }
    expect(await rig.pids('web')).toEqual(pids);
  });
});

describe('of an app that is stopped', () => {
  test('the history is told, and none serves; a rollback is refused, and says what to do', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: { web: server('environment', port, { workers: 1 }), api: server('http', await freePort()) },
    });
    await rig.run('start');
    await rig.run('deploy', 'web');
    await rig.run('stop', 'web');
    const outcomes = async () => {
      const { generations } = await rig.json<HistoryAnswer>('history', 'web');
      return generations.map(({ generation, outcome, current }) => [generation, outcome, current]);
    };
    const expected = [
      [1, 'done', false],
      [2, 'done', false],
    ];
    expect(await outcomes()).toEqual(expected);
    await rig.run('stop');
    await rig.run('start', 'api');
    expect(await outcomes()).toEqual(expected);
    const refused = await rig.cli('rollback', 'web', '--to', '1');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/web is not running[\s\S]*evenkeel start web/);
    await rig.run('start', 'web');
    await rig.run('rollback', 'web', '--to', '1');
    expect((await rig.app('web')).generation).toBe(4);
  });

  test(
    'also where the config no longer has it; an app that never ran has an empty history, an unknown one none',
    LONG,
    async () => {
      await using rig = await createRig({
        apps: { web: server('http', await freePort()), old: server('http', await freePort()) },
      });
      await rig.run('start', 'old');
      expect((await rig.json<HistoryAnswer>('history', 'web')).generations).toEqual([]);
      rig.removeApp('old');
      await rig.run('reload');
      expect((await rig.json<HistoryAnswer>('history', 'old')).generations).toHaveLength(1);
      expect((await rig.cli('history', 'nosuch')).code).toBe(2);
      expect((await rig.cli('history', '../apps/old')).code).toBe(2);
    },
  );
});
