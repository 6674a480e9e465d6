import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AppChange, RunningApp } from '../../src/core/plan.ts';
import { deployableSpec, planApp, planChanges } from '../../src/core/plan-changes.ts';
import type { AppSpec } from '../../src/core/spec.ts';
import { appSpec } from '../support/app-spec.ts';

const running = (spec: AppSpec): RunningApp => ({ name: spec.name, spec });
const planOne = (before: AppSpec, after: AppSpec): AppChange => planApp(running(before), after);

describe('the reasons and the action of a change', () => {
  const web = appSpec({ env: { PORT: '3000', OLD: 'x' } });
  const cases: readonly [string, Partial<AppSpec>, AppChange['action'], readonly string[]][] = [
    ['nothing', {}, 'none', []],
    ['a changed variable', { env: { PORT: '3001', OLD: 'x' } }, 'deploy', ['env.PORT changed']],
    [
      'a new and a removed variable',
      { env: { PORT: '3000', NEW: '' } },
      'deploy',
      ['env.NEW added', 'env.OLD removed'],
    ],
    ['the worker count', { workers: 4 }, 'scale', ['workers 2 → 4']],
    ['the script', { script: '/srv/next.js' }, 'deploy', ['script changed']],
    ['arguments', { args: ['--verbose'] }, 'deploy', ['args changed']],
    ['a timeout', { stop: { ...web.stop, timeout: 60_000 } }, 'live', ['stop.timeout 30 s → 1 min']],
    ['a stop signal', { stop: { ...web.stop, signal: 'SIGINT' } }, 'deploy', ['stop.signal SIGTERM → SIGINT']],
    ['a restart limit', { restart: { ...web.restart, limit: 5 } }, 'live', ['restart.limit 0 → 5']],
    [
      'a memory limit',
      { restart: { ...web.restart, memory: 512 * 1024 ** 2 } },
      'live',
      ['restart.memory none → 512M'],
    ],
    ['a size', { logs: { ...web.logs, maxSize: 1536 } }, 'live', ['logs.maxSize 10M → 1536']],
    ['how a slow log is dealt with', { logs: { ...web.logs, onSlow: 'drop' } }, 'live', ['logs.onSlow wait → drop']],
    ['a log file', { logs: { ...web.logs, stdout: { kind: 'file', path: '/b' } } }, 'live', ['logs.stdout changed']],
    ['a new health check', { health: { http: '/h', interval: 1, timeout: 1, failures: 1 } }, 'live', ['health added']],
    ['another readiness', { ready: { on: 'message', timeout: 30_000 } }, 'live', ['ready.on listening → message']],
    [
      'workers and a timeout',
      { workers: 3, stop: { ...web.stop, timeout: 1500 } },
      'scale',
      ['workers 2 → 3', 'stop.timeout 30 s → 1.5 s'],
    ],
    [
      'workers and a variable',
      { workers: 3, env: {} },
      'deploy',
      ['workers 2 → 3', 'env.PORT removed', 'env.OLD removed'],
    ],
    ['a dependency', { dependsOn: ['api'] }, 'none', []],
  ];
  it.each(cases)('%s', (_what, change, action, reasons) => {
    expect(planOne(web, { ...web, ...change })).toMatchObject({ action, reasons });
  });

  it.each<[string, Partial<AppSpec>]>([
    ['script', { script: '/srv/hunter2.js' }],
    ['cwd', { cwd: '/hunter2' }],
    ['user', { user: 'hunter2' }],
    ['node.bin', { node: { bin: '/hunter2/node', args: [] } }],
    ['restart.schedule', { restart: { ...web.restart, schedule: '1 2 3 4 5' } }],
    ['args', { args: ['hunter2'] }],
    ['deploy.before', { deploy: { ...web.deploy, before: [{ kind: 'command', argv: ['hunter2'] }] } }],
  ])('does not show the text of %s, which a variable may have filled in', (path, change) => {
    const [reason, ...more] = planOne(web, { ...web, ...change }).keys.map((key) => key.reason);
    expect([reason, more]).toEqual([expect.stringMatching(`^${path} (changed|added)$`), []]);
  });

  it('never shows a value of env or of a URL', () => {
    const before = appSpec({ env: { KEY: 'hunter2' }, health: health('http://u:hunter2@a/') });
    const after = appSpec({ env: { KEY: 'secret3' }, health: health('http://u:secret3@a/') });
    const change = planOne(before, after);
    expect(change.reasons).toEqual(['env.KEY changed', 'health.http changed']);
    expect(JSON.stringify(change)).not.toMatch(/hunter2|secret3/);
  });

  it('treats variables named like parts of an object as variables', () => {
    const env = JSON.parse('{"__proto__":"1","constructor":"2"}');
    expect(planOne(appSpec({ env: {} }), appSpec({ env })).reasons).toEqual([
      'env.__proto__ added',
      'env.constructor added',
    ]);
  });
});

describe('what npm puts into PATH', () => {
  const direct = '/usr/local/bin:/usr/bin';
  const npx = `/srv/shop/node_modules/.bin:/srv/node_modules/.bin:/usr/lib/node_modules/npm/lib/node-gyp-bin:${direct}`;
  const nested = `/srv/shop/api/node_modules/.bin:${npx}`;
  it.each([
    ['a direct call, then npx', direct, npx],
    ['npx, then a direct call', npx, direct],
    ['npx in one folder, then in another', npx, nested],
  ])('is no change: %s', (_what, before, after) => {
    const change = planOne(appSpec({ env: { PATH: before } }), appSpec({ env: { PATH: after } }));
    expect(change).toMatchObject({ action: 'none', keys: [] });
  });

  it.each([
    ['another folder beside it', { PATH: direct }, { PATH: `${npx}:/opt/bin` }, ['env.PATH changed']],
    ['another order', { PATH: '/usr/bin:/usr/local/bin' }, { PATH: npx }, ['env.PATH changed']],
    ['a new PATH', {}, { PATH: npx }, ['env.PATH added']],
    ['a removed one', { PATH: npx }, {}, ['env.PATH removed']],
    ['another variable', { NODE_PATH: direct }, { NODE_PATH: npx }, ['env.NODE_PATH changed']],
  ])('hides nothing else: %s', (_what, before, after, reasons) => {
    expect(planOne(appSpec({ env: { ...before } }), appSpec({ env: { ...after } })).reasons).toEqual(reasons);
  });
});

function health(http: string) {
  return { http, interval: 1, timeout: 1, failures: 1 };
}

describe('a key that takes effect at a restart', () => {
  const web = appSpec();
  const balanced = appSpec({ balance: 'round-robin' });

  it('changes nothing by itself and is told', () => {
    const plan = planChanges([running(web)], [balanced]);
    expect(plan.changes).toMatchObject([{ app: 'web', action: 'none', reasons: [] }]);
    expect(plan.notices).toEqual(['web: balance changed; takes effect at `evenkeel restart web`']);
  });

  it('is left out of a deploy, and told too', () => {
    const desired = { ...balanced, env: { A: '1' } };
    const plan = planChanges([running(web)], [desired]);
    expect(plan.changes).toMatchObject([{ action: 'deploy', reasons: ['env.A added'] }]);
    expect(plan.notices).toHaveLength(1);
    expect(deployableSpec(web, desired, plan.changes[0]?.keys ?? [])).toEqual({ ...desired, balance: 'shared' });
  });
});

describe('an app that was rolled back', () => {
  const web = appSpec();
  it.each([
    ['nothing else', {}, []],
    ['the worker count', { workers: 4 }, ['workers 2 → 4']],
  ])('is deployed again, whatever changed: %s', (_what, change, reasons) => {
    expect(planApp({ ...running(web), rolledBack: 3 }, { ...web, ...change })).toMatchObject({
      action: 'deploy',
      reasons: [...reasons, 'undoes the rollback to 3, so the code at the paths of the file runs again'],
    });
  });
});

describe('apps that come and go', () => {
  const [web, api] = [appSpec({ name: 'web' }), appSpec({ name: 'api' })];

  it('starts one that is new', () => {
    expect(planChanges([running(web)], [web, api]).changes).toMatchObject([
      { app: 'web', action: 'none' },
      { app: 'api', action: 'start', reasons: ['added to the config'] },
    ]);
  });

  it('stops one that the file no longer has, after those it has', () => {
    expect(planChanges([running(api), running(web)], [web]).changes).toMatchObject([
      { app: 'web', action: 'none' },
      { app: 'api', action: 'stop', reasons: ['removed from the config'] },
    ]);
  });

  it('leaves one alone that was stopped, in the file or not', () => {
    const stopped = [web, api].map(({ name }) => ({ name, spec: null }));
    expect(planChanges(stopped, [{ ...web, workers: 7 }]).changes.map(({ action }) => action)).toEqual([
      'none',
      'none',
    ]);
  });

  it('starts one that is down though it should run', () => {
    const down = [{ name: 'web', spec: null, down: true }];
    expect(planChanges(down, [web]).changes).toMatchObject([{ action: 'start', reasons: ['not running'] }]);
  });
});

describe('for any apps', () => {
  const spec = fc
    .record({
      workers: fc.integer({ min: 1, max: 3 }),
      env: fc.dictionary(fc.constantFrom('A', 'B', '__proto__'), fc.constantFrom('1', '2')),
      balance: fc.constantFrom('shared' as const, 'round-robin' as const),
      script: fc.constantFrom('/a.js', '/b.js'),
      limit: fc.integer({ min: 0, max: 1 }),
      dependsOn: fc.subarray(['x', 'y']),
    })
    .map(({ limit, ...rest }) => appSpec({ ...rest, restart: { ...appSpec().restart, limit } }));
  const ecosystem = fc
    .dictionary(fc.constantFrom('a', 'b', 'c', 'd'), spec)
    .map((apps) => Object.entries(apps).map(([name, app]) => ({ ...app, name })));

  it('the plan after a plan was applied is to do nothing', () => {
    fc.assert(
      fc.property(ecosystem, ecosystem, (before, desired) => {
        const after = applied(before, desired);
        const again = planChanges(after.map(running), desired);
        expect(again.changes.map(({ action }) => action)).toEqual(desired.map(() => 'none'));
      }),
    );
  });

  it('every app has one change, and every action a reason', () => {
    fc.assert(
      fc.property(ecosystem, ecosystem, (before, desired) => {
        const { changes } = planChanges(before.map(running), desired);
        expect(new Set(changes.map(({ app }) => app)).size).toBe(changes.length);
        expect(new Set(changes.map(({ app }) => app))).toEqual(
          new Set([...before, ...desired].map(({ name }) => name)),
        );
        for (const { action, reasons } of changes) expect(reasons.length > 0).toBe(action !== 'none');
      }),
    );
  });

  it('the same input gives the same plan', () => {
    fc.assert(
      fc.property(ecosystem, ecosystem, (before, desired) => {
        const plan = () => planChanges(before.map(running), desired);
        expect(plan()).toEqual(plan());
      }),
    );
  });
});

/** What runs when a plan has been carried out, as the manager does it. */
function applied(before: readonly AppSpec[], desired: readonly AppSpec[]): readonly AppSpec[] {
  const { changes } = planChanges(before.map(running), desired);
  return desired.map((spec) => {
    const change = changes.find(({ app }) => app === spec.name);
    const old = before.find(({ name }) => name === spec.name);
    if (change === undefined || old === undefined || change.action === 'start') return spec;
    return change.action === 'none' ? old : deployableSpec(old, spec, change.keys);
  });
}
