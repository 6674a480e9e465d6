import { expect, it } from 'vitest';
import { maskSpec } from '../../src/core/mask-spec.ts';
import { appSpec } from '../support/app-spec.ts';

const HOOK = { kind: 'command', argv: ['psql', 'hunter2'] } as const;

it('leaves out whatever may be secret, and nothing else', () => {
  const spec = appSpec({
    env: { KEY: 'hunter2' },
    args: ['hunter2'],
    node: { bin: 'node', args: ['--title=hunter2'] },
    ready: { on: 'http', url: 'http://hunter2@a/r?hunter2', status: null, timeout: 1 },
    health: { http: '/h?hunter2', interval: 1, timeout: 1, failures: 1 },
    deploy: { ...appSpec().deploy, before: [HOOK], after: [{ kind: 'module', file: '/h.mjs' }] },
    hooks: { beforeFork: [HOOK] },
  });
  const masked = maskSpec(spec);
  expect(JSON.stringify(masked)).not.toContain('hunter2');
  expect(masked).toMatchObject({
    ...{
      script: '/srv/app.js',
      env: { KEY: null },
      args: [null],
      ready: { url: 'http://a/r' },
      health: { http: '/h' },
    },
    deploy: { before: [{ argv: ['psql', null] }], after: [{ file: '/h.mjs' }] },
  });
});

it('leaves out the arguments of a command, and the pattern that it waits for', () => {
  const ready = { on: 'log', pattern: 'hunter2', timeout: 1 } as const;
  const masked = maskSpec(appSpec({ script: null, command: ['psql', 'hunter2'], ready }));
  expect(masked).toMatchObject({ command: ['psql', null], ready: { pattern: null } });
});

it('can be told of a spec of an earlier version, which has no hooks', () => {
  const { hooks: _, ...earlier } = appSpec();
  expect(maskSpec(JSON.parse(JSON.stringify(earlier)))).toMatchObject({ hooks: { beforeFork: [] } });
});
