import { expect, test } from 'vitest';
import { removePreload, takeBoot } from '../../src/agent/boot.ts';
import { decodeCommand } from '../../src/agent/decode-command.ts';
import { AGENT_ENV, type AgentBoot } from '../../src/protocol/agent-link.ts';

const AGENT = '/opt/agent.cjs';

test.each([
  { given: [], left: [] },
  { given: ['--require', AGENT], left: [] },
  { given: ['-r', AGENT], left: [] },
  { given: ['--inspect', '--require', AGENT, '--title=a'], left: ['--inspect', '--title=a'] },
  { given: ['--require', 'dotenv/config', '--require', AGENT], left: ['--require', 'dotenv/config'] },
  { given: ['--require', 'dotenv/config'], left: ['--require', 'dotenv/config'] },
  { given: ['--import', AGENT], left: ['--import', AGENT] },
])('of $given, $left is left', ({ given, left }) => {
  const execArgv = [...given];
  removePreload(execArgv, AGENT);
  expect(execArgv).toEqual(left);
});

test('the boot is taken out of the environment', () => {
  const boot: AgentBoot = {
    ...{ app: 'web', slot: 0, generation: 1, linkFd: 4, reconnectPath: '/a', listen: [], gate: false },
    ...{ onUncaught: 'exit', stopSignal: 'SIGTERM', stopTimeout: 1 },
    folder: { declared: '/srv/current', real: '/srv/releases/1' },
    undeclared: 'shared',
  };
  const env = { [AGENT_ENV]: JSON.stringify(boot), PATH: '/bin' };
  expect(takeBoot(env)).toEqual(boot);
  expect(env).toEqual({ PATH: '/bin' });
  expect(takeBoot(env)).toBeNull();
});

test('a boot that is none is an error', () => {
  expect(() => takeBoot({ [AGENT_ENV]: '{"linkFd":"4"}' })).toThrow('Internal error');
});

test.each([
  { type: 'open' },
  { type: 'report' },
  { type: 'metrics', id: 1 },
  { type: 'drain', timeout: 5 },
  { type: 'probe', id: 1, path: '/', status: null, timeout: 5 },
  { type: 'probe', id: 1, path: '/', status: 204, timeout: 5 },
])('the command $type is understood', (command) => {
  expect(decodeCommand(command)).toEqual(command);
});

test.each([
  null,
  1,
  'open',
  {},
  { type: 'unknown' },
  { type: 'drain' },
  { type: 'metrics', id: '1' },
  { type: 'probe' },
])('%j is no command', (value) => {
  expect(decodeCommand(value)).toBeNull();
});
