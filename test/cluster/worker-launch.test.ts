import { describe, expect, it } from 'vitest';
import { planLaunch } from '../../src/cluster/worker-launch.ts';
import type { AppSpec } from '../../src/core/spec.ts';
import { AGENT_ENV } from '../../src/protocol/agent-link.ts';
import type { PinnedSpec } from '../../src/protocol/cluster-link.ts';
import { appSpec } from '../support/spec.ts';

const context = {
  slot: 1,
  gate: 'open' as const,
  agent: '/evenkeel/agent.cjs',
  agentsSocket: '/state/agents.sock',
  socketFd: (address: string) => ({ '3000': 7, '3001': 9 })[address] ?? -1,
};

function pinned(overrides: Partial<AppSpec>): PinnedSpec {
  const spec = appSpec(overrides);
  return {
    generation: 3,
    spec,
    realCwd: '/srv/releases/42',
    realScript: spec.script === null ? null : '/srv/releases/42/server.js',
  };
}

const tcp = (port: number) => ({ kind: 'tcp', host: null, port }) as const;

describe('the launch of a Node worker', () => {
  it('runs the pinned script in the pinned folder with the agent preloaded last', () => {
    const launch = planLaunch(
      pinned({ args: ['--verbose'], node: { bin: '/opt/node', args: ['--no-warnings'] } }),
      context,
    );
    expect(launch).toMatchObject({
      ...{ kind: 'node', script: '/srv/releases/42/server.js', args: ['--verbose'], cwd: '/srv/releases/42' },
      ...{ execPath: '/opt/node', execArgv: ['--no-warnings', '--require', '/evenkeel/agent.cjs'] },
    });
  });

  it('has the environment of the spec and the variables of the worker protocol, and nothing else', () => {
    const { env } = planLaunch(pinned({ env: { PORT: '1' } }), context);
    const { [AGENT_ENV]: boot, ...rest } = env;
    expect(rest).toEqual({
      ...{ PORT: '1', EVENKEEL_APP: 'web', EVENKEEL_WORKER: '1', EVENKEEL_GENERATION: '3' },
      ...{ NODE_APP_INSTANCE: '1', NAUGHT_WORKER: '1' },
    });
    expect(boot).toBeDefined();
  });

  it('tells the agent both names of its folder', () => {
    const { env } = planLaunch(pinned({ cwd: '/srv/current' }), context);
    const folder = { declared: '/srv/current', real: '/srv/releases/42' };
    expect(JSON.parse(env[AGENT_ENV] ?? '')).toMatchObject({ folder });
  });

  it('inherits the declared sockets in order and tells the agent where they are', () => {
    const launch = planLaunch(pinned({ listen: [tcp(3001), tcp(3000)] }), context);
    expect(launch.socketFds).toEqual([9, 7]);
    expect(JSON.parse(launch.env[AGENT_ENV] ?? '')).toMatchObject({
      ...{ slot: 1, generation: 3, linkFd: 4, gate: false, reconnectPath: '/state/agents.sock' },
      listen: [
        { address: tcp(3001), fd: 5 },
        { address: tcp(3000), fd: 6 },
      ],
    });
  });
});

describe('the launch of another program', () => {
  it('runs its argv as it is where nothing is declared', () => {
    const launch = planLaunch(pinned({ script: null, command: ['gunicorn', 'app:app'], args: ['-w', '1'] }), context);
    expect(launch).toMatchObject({ kind: 'command', argv: ['gunicorn', 'app:app', '-w', '1'], socketFds: [] });
    expect(launch.env.LISTEN_FDS).toBeUndefined();
  });

  it('hands sockets over by the systemd convention, with the pid of the program itself', () => {
    const launch = planLaunch(pinned({ script: null, command: ['gunicorn', 'app:app'], listen: [tcp(3000)] }), context);
    expect(launch.env).toMatchObject({ LISTEN_FDS: '1', LISTEN_FDNAMES: '3000' });
    expect(launch).toMatchObject({
      argv: ['/bin/sh', '-c', 'unset PWD OLDPWD SHLVL; export LISTEN_PID=$$; exec "$@"', 'sh', 'gunicorn', 'app:app'],
      file: 'gunicorn',
    });
  });

  it('names each socket by its address, without the colons that stand between names', () => {
    const listen = [tcp(3000), { kind: 'tcp', host: '::1', port: 3001 }, { kind: 'unix', path: '/a:b.sock' }] as const;
    const launch = planLaunch(pinned({ script: null, command: ['x'], listen }), context);
    expect(launch.env).toMatchObject({ LISTEN_FDS: '3', LISTEN_FDNAMES: '3000:[__1]_3001:/a_b.sock' });
  });

  it('leaves the shell what the config sets, though a shell sets it too', () => {
    const launch = planLaunch(
      pinned({ script: null, command: ['x'], listen: [tcp(3000)], env: { PWD: '/' } }),
      context,
    );
    expect(launch).toMatchObject({ argv: ['/bin/sh', '-c', expect.stringMatching(/^unset OLDPWD SHLVL;/), 'sh', 'x'] });
  });
});

const http = (url: string) => ({ ready: { on: 'http', url, status: null, timeout: 1 } }) as const;
const handover = { deploy: { ...appSpec().deploy, strategy: 'handover' as const } };

it.each<[string, Partial<AppSpec>, 'open' | 'shut', object]>([
  ['as a rule', {}, 'open', { gate: false, undeclared: 'shared' }],
  ['where it is to be probed first', http('/healthz'), 'open', { gate: true, undeclared: 'shared' }],
  ['where it is probed from outside', http('http://127.0.0.1:3000/'), 'open', { gate: false, undeclared: 'shared' }],
  ['where it may not serve beside others', {}, 'shut', { gate: true, undeclared: 'shared' }],
  ['with strategy handover', handover, 'open', { gate: false, undeclared: 'refused' }],
])('whether a worker is held, and where it may listen, %s', (_, overrides, gate, expected) => {
  const { env } = planLaunch(pinned(overrides), { ...context, gate });
  expect(JSON.parse(env[AGENT_ENV] ?? '')).toMatchObject(expected);
});
