// What commands leave of an app's settings, and what of that is drift.

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { isDrift, mergeOverride, type Override, overrideSpec, withMovedScript } from '../../src/platform/overrides.ts';
import type { DeployOptions } from '../../src/protocol/control-api.ts';
import { appSpec } from '../support/app-spec.ts';

const spec = appSpec({ script: '/srv/r1/server.js', cwd: '/srv/r1', env: { A: 'file', KEEP: 'k' }, workers: 2 });

/** The environment after these deploys, one after the other. */
function envAfter(...deploys: readonly DeployOptions[]): Readonly<Record<string, string>> {
  const override = deploys.reduce<Override | null>((before, options) => mergeOverride(before, options), null);
  return overrideSpec(spec, override).env;
}

describe('the environment', () => {
  it.each<[string, readonly DeployOptions[], object]>([
    ['is the file’s', [{}], { A: 'file', KEEP: 'k' }],
    ['has what is set', [{ env: { A: '1', B: '' } }], { A: '1', B: '', KEEP: 'k' }],
    ['has not what is removed', [{ env: { A: null, NOT_THERE: null } }], { KEEP: 'k' }],
    [
      'has the shell’s, and what is named wins',
      [{ shellEnv: { A: 's', S: 's' }, env: { S: '1' } }],
      { A: 's', S: '1', KEEP: 'k' },
    ],
    [
      'keeps what an earlier deploy named',
      [{ env: { B: '1' } }, { env: { C: '2' } }],
      { A: 'file', B: '1', C: '2', KEEP: 'k' },
    ],
    ['takes the later of two', [{ env: { A: '1' } }, { env: { A: '2' } }], { A: '2', KEEP: 'k' }],
    ['sets again what was removed', [{ env: { A: null } }, { env: { A: '2' } }], { A: '2', KEEP: 'k' }],
    ['removes again what was set', [{ env: { B: '1' } }, { env: { B: null } }], { A: 'file', KEEP: 'k' }],
    [
      'takes the shell’s over what was named before',
      [{ env: { A: '1', B: '1' } }, { shellEnv: { A: 's' } }],
      { A: 's', B: '1', KEEP: 'k' },
    ],
    [
      'sets from the shell what was removed before',
      [{ env: { A: null } }, { shellEnv: { A: 's' } }],
      { A: 's', KEEP: 'k' },
    ],
    ['removes what the shell has', [{ shellEnv: { A: 's' } }, { env: { A: null } }], { KEEP: 'k' }],
  ])('%s', (_, deploys, expected) => {
    expect(envAfter(...deploys)).toEqual(expected);
  });

  test('of a deploy on what runs is the same as that of all deploys on the file', () => {
    const name = fc.constantFrom('A', 'B', 'KEEP', '__proto__', 'constructor');
    const value = fc.constantFrom('', '1', '2');
    const options = fc.record(
      { env: fc.dictionary(name, fc.option(value)), shellEnv: fc.dictionary(name, value) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(options, { maxLength: 4 }), (deploys) => {
        const running = deploys.reduce((before, each) => overrideSpec(before, mergeOverride(null, each)), spec);
        expect(Object.entries(running.env).sort()).toEqual(Object.entries(envAfter(...deploys)).sort());
      }),
    );
  });
});

describe('a script', () => {
  it.each([
    ['in the folder moves with it', {}, { cwd: '/srv/r2' }, '/srv/r2/server.js'],
    ['deep in the folder moves with it', { script: '/srv/r1/dist/a.js' }, { cwd: '/srv/r2' }, '/srv/r2/dist/a.js'],
    ['elsewhere stays', { script: '/opt/server.js' }, { cwd: '/srv/r2' }, undefined],
    ['beside a folder of a similar name stays', { script: '/srv/r10/server.js' }, { cwd: '/srv/r2' }, undefined],
    ['that is named is that', {}, { cwd: '/srv/r2', script: '/x.js' }, '/x.js'],
    ['stays where the folder does', {}, { env: {} }, undefined],
  ])('%s', (_, change, options: DeployOptions, expected) => {
    expect(withMovedScript({ ...spec, ...change }, options).script).toBe(expected);
  });
});

describe('drift', () => {
  const { pinned } = { pinned: { generation: 1, spec, realCwd: spec.cwd, realScript: spec.script } };
  it.each<[string, Override | null, boolean]>([
    ['none without commands', null, false],
    ['another number of workers', { workers: 3 }, true],
    ['the number that the file has', { workers: 2 }, false],
    ['a variable that the file has so', { env: { A: 'file' } }, false],
    ['a variable that is removed', { env: { A: null } }, true],
    ['one removed that never was', { env: { NOT_THERE: null } }, false],
    ['any rollback: the same link may lead elsewhere', { rollback: pinned }, true],
  ])('%s', (_, override, expected) => {
    expect(isDrift(spec, override)).toBe(expected);
  });

  it('of an app that the file no longer has is whatever was changed', () => {
    expect([isDrift(null, null), isDrift(null, { workers: 2 })]).toEqual([false, true]);
  });
});
