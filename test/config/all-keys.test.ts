import { expect, test } from 'vitest';
import { readSchema, subschema } from '../../src/config/schema.ts';
import { isRecord } from '../../src/core/is-record.ts';
import { ecosystemOf } from './resolve-text.ts';

const ALL_KEYS = `
name: shop
stateDir: .evenkeel
deploySignal: SIGHUP
defaults: { workers: 2 }
profiles:
  production: { apps: { web: { workers: max } } }
apps:
  api: { command: [gunicorn, "app:app"] }
  web:
    script: a.js
    args: [--verbose]
    node: { bin: node, args: [--enable-source-maps] }
    cwd: .
    workers: 2
    env: { PORT: 3000, DB: "\${DB_URL}", KEY: { file: /run/secrets/key }, OLD: null }
    envFile: .env
    inheritEnv: [PATH, HOME, USER, LANG, TZ, NODE_ENV]
    listen: [3000]
    balance: shared
    ready: { on: listening, timeout: 30s }
    health: { http: /healthz, interval: 10s, timeout: 2s, failures: 3 }
    stop: { signal: SIGTERM, timeout: 30s }
    restart: { minDelay: 100ms, maxDelay: 30s, resetAfter: 10s, limit: 0, onUncaught: exit, memory: 512M, schedule: "0 4 * * *" }
    deploy:
      strategy: all-at-once
      batch: 1
      settle: 1s
      timeout: 5m
      before: [[npm, run, migrate], { module: ./hook.mjs }]
      after: []
    hooks: { beforeFork: [[mkdir, -p, tmp], { module: ./hook.mjs }] }
    logs: { stdout: logs/web.out.log, stderr: logs/web.err.log, maxSize: 10M, schedule: "0 0 * * *", keep: 10, compress: true, timestamps: false, onSlow: wait }
    user: www-data
    dependsOn: [api]
`;

const WORLD = {
  variables: { DB_URL: 'postgres://db', PATH: '/bin' },
  disk: { '/run/secrets/key': 'key\n', '/shop/.env': 'OLD=1\nNEW=2', '/shop/hook.mjs': '' },
};

test('a config with all keys is understood', () => {
  const [api, web] = ecosystemOf(ALL_KEYS, WORLD).apps;
  expect(api).toMatchObject({ name: 'api', command: ['gunicorn', 'app:app'], script: null, workers: 2 });
  expect(web).toMatchObject({
    env: { PATH: '/bin', NEW: '2', PORT: '3000', DB: 'postgres://db', KEY: 'key' },
    restart: { memory: 512 * 1024 ** 2, schedule: '0 4 * * *' },
    user: 'www-data',
    dependsOn: ['api'],
  });
  expect(web?.env).not.toHaveProperty('OLD');
});

test('its profile is over it', () => {
  const { apps } = ecosystemOf(ALL_KEYS, { ...WORLD, profile: 'production', cpus: 16 });
  expect(apps.map((app) => app.workers)).toEqual([2, 16]);
});

test('no key of an app is forgotten here', () => {
  const { properties } = subschema(readSchema(), ['definitions', 'app']);
  const missing = Object.keys(isRecord(properties) ? properties : {}).filter(
    (key) => !ALL_KEYS.includes(`    ${key}:`),
  );
  expect(missing).toEqual(['command']);
});
