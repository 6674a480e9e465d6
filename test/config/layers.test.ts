import { describe, expect, test } from 'vitest';
import { flattenLayers } from '../../src/config/layers.ts';

const FILE = {
  name: 'shop',
  defaults: { workers: 2, env: { A: 'defaults', B: 'defaults' }, args: ['one', 'two'] },
  profiles: {
    production: {
      name: 'shop-production',
      defaults: { workers: 8, env: { B: 'profile defaults' } },
      apps: { web: { env: { C: 'profile' } }, extra: { script: 'x.js' } },
    },
  },
  apps: { web: { script: 'web.js', env: { C: 'app' }, args: ['three'] }, api: { script: 'api.js', workers: 1 } },
};

describe('without a profile', () => {
  const { config, originOf } = flattenLayers(FILE, null);

  test('defaults are under every app, key by key, and lists are replaced', () => {
    expect(config).toEqual({
      name: 'shop',
      apps: {
        web: { script: 'web.js', workers: 2, env: { A: 'defaults', B: 'defaults', C: 'app' }, args: ['three'] },
        api: { script: 'api.js', workers: 1, env: { A: 'defaults', B: 'defaults' }, args: ['one', 'two'] },
      },
    });
  });

  test.each([
    [
      ['apps', 'web', 'workers'],
      ['defaults', 'workers'],
    ],
    [
      ['apps', 'api', 'workers'],
      ['apps', 'api', 'workers'],
    ],
    [
      ['apps', 'web', 'env', 'B'],
      ['defaults', 'env', 'B'],
    ],
    [
      ['apps', 'api', 'args', 1],
      ['defaults', 'args', 1],
    ],
    [
      ['apps', 'api', 'stop', 'timeout'],
      ['apps', 'api', 'stop', 'timeout'],
    ],
    [
      ['apps', 'web'],
      ['apps', 'web'],
    ],
    [['name'], ['name']],
  ])('%j comes from %j', (path, origin) => expect(originOf(path)).toEqual(origin));
});

describe('with a profile', () => {
  const { config, originOf } = flattenLayers(FILE, 'production');

  test('it is over the file, but its defaults are under what an app says', () => {
    expect(config).toMatchObject({
      name: 'shop-production',
      apps: {
        web: { workers: 8, env: { A: 'defaults', B: 'profile defaults', C: 'profile' } },
        api: { workers: 1 },
        extra: { script: 'x.js', workers: 8 },
      },
    });
  });

  test.each([
    [
      ['apps', 'web', 'workers'],
      ['profiles', 'production', 'defaults', 'workers'],
    ],
    [
      ['apps', 'web', 'env', 'C'],
      ['profiles', 'production', 'apps', 'web', 'env', 'C'],
    ],
    [
      ['apps', 'web', 'env', 'A'],
      ['defaults', 'env', 'A'],
    ],
    [
      ['apps', 'web'],
      ['apps', 'web'],
    ],
    [
      ['apps', 'extra'],
      ['profiles', 'production', 'apps', 'extra'],
    ],
    [['name'], ['profiles', 'production', 'name']],
  ])('%j comes from %j', (path, origin) => expect(originOf(path)).toEqual(origin));
});

test('apps may be called like members of a prototype', () => {
  const file = JSON.parse('{"defaults":{"env":{"constructor":"a"}},"apps":{"constructor":{"env":{"__proto__":"b"}}}}');
  const { config } = flattenLayers(file, null);
  expect(JSON.stringify(config)).toBe('{"apps":{"constructor":{"env":{"constructor":"a","__proto__":"b"}}}}');
});
