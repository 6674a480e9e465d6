// What a program says wrong is refused by a rejection, before anything is asked of the manager.

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EvenkeelClient } from '../../src/client/evenkeel-client.ts';
import { connect, startManager } from '../../src/index.ts';
import { ControlClient } from '../../src/platform/control-client.ts';
import { tempDir } from '../support/temp-dir.ts';

const client = () => new EvenkeelClient(new ControlClient(join(tempDir(), 'manager.sock')), '/srv');
/** As a program in JavaScript has it, or one that takes options from elsewhere. */
const loose = (options: Readonly<Record<string, unknown>>): object => options;
const wrong = (options: unknown): object => options as object;

async function first(events: AsyncIterable<unknown>): Promise<unknown> {
  for await (const event of events) return event;
  return null;
}

it.each<[string, (evenkeel: EvenkeelClient) => Promise<unknown>, string, string]>([
  ['deploy', (c) => c.deploy('web', loose({ timeot: 1 })), 'there is no option "timeot"', 'Did you mean timeout?'],
  ['deployAll', (c) => c.deployAll(loose({ force: true })), 'there is no option "force"', 'There are: env,'],
  ['rollback', (c) => c.rollback('web', loose({ generation: 1 })), 'there is no option "generation"', 'There are:'],
  ['stop', (c) => c.stop(undefined, loose({ timeoot: 1 })), 'there is no option "timeoot"', 'Did you mean timeout?'],
  ['reload', (c) => c.reload(loose({ profil: 'x' })), 'there is no option "profil"', 'Did you mean profile?'],
  ['start', (c) => c.start('web', loose({ wait: true })), 'there is no option "wait"', 'There are: onEvent, signal.'],
  ['plan', (c) => c.plan(loose({ profil: 'x' })), 'there is no option "profil"', 'Did you mean profile?'],
  ['history', (c) => c.history('web', loose({ env: true })), 'there is no option "env"', 'There are: showEnv.'],
  ['events', (c) => first(c.events(loose({ folow: true }))), 'there is no option "folow"', 'Did you mean follow?'],
  ['logs', (c) => first(c.logs('web', loose({ lines: 3 }))), 'there is no option "lines"', 'There are: last,'],
  ['startManager', () => startManager(loose({ logegr: 1 })), 'there is no option "logegr"', 'Did you mean logger?'],
  ['connect', () => connect(loose({ cdw: '/srv' })), 'there is no option "cdw"', 'Did you mean cwd?'],
])('%s refuses an option that it does not have', async (method, call, message, hint) => {
  await expect(call(client())).rejects.toMatchObject({
    code: 'BAD_USAGE',
    message: `${method}: ${message}`,
    hint: expect.stringContaining(hint),
  });
});

it.each<[string, (evenkeel: EvenkeelClient) => Promise<unknown>, string]>([
  ['a duration', (c) => c.deploy('web', { timeout: 'x' }), '"x" is not a duration'],
  ['an environment', (c) => c.deploy('web', wrong({ env: 'x' })), 'deploy: env must be an object of variables'],
  ['an environment as a Map', (c) => c.deploy('web', wrong({ env: new Map([['A', 'b']]) })), 'deploy: env must be'],
  ['an environment as null', (c) => c.deployAll(wrong({ env: null })), 'deployAll: env must be an object'],
  ['a whole environment', (c) => c.deploy('web', wrong({ shellEnv: true })), 'deploy: shellEnv must be an object'],
  ['the one of a config', () => startManager(wrong({ env: ['A=b'] })), 'startManager: env must be an object'],
  ['all options', (c) => c.deploy('web', wrong(null)), 'deploy: the options must be an object'],
  ['a number of workers', (c) => c.scale('web', 'many'), 'workers: "many" is not a number from 1 to 1024, "max"'],
  ['a fraction of one', (c) => c.scale('web', 1.5), 'workers: "1.5" is not a number'],
  ['none', (c) => c.deploy('web', { workers: 0 }), 'workers: "0" is not a number'],
  ['a signal', (c) => c.signal('web', 'usr7'), 'signal: "usr7" is not one that this system has'],
])('%s that cannot be read is a rejection too', async (_what, call, message) => {
  await expect(call(client())).rejects.toMatchObject({
    code: 'BAD_USAGE',
    message: expect.stringContaining(message),
  });
});

it.each<[string, (evenkeel: EvenkeelClient) => Promise<unknown>]>([
  ['a number of workers', (c) => c.scale('web', 'max')],
  ['a share of the CPUs', (c) => c.deploy('web', { workers: '50%' })],
  ['a signal without SIG', (c) => c.signal('web', 'usr2')],
  ['a number of a signal', (c) => c.signal('web', 10)],
])('%s is understood as on the command line', async (_what, call) => {
  await expect(call(client())).rejects.toMatchObject({ code: 'NO_MANAGER' });
});

it.each<[string, (evenkeel: EvenkeelClient) => Promise<unknown>]>([
  ['no app', (c) => c.deploy(undefined as unknown as string)],
  ['its options alone', (c) => c.deploy({ env: { A: 'b' } } as unknown as string)],
])('a deploy of %s says what deploys all', async (_what, call) => {
  await expect(call(client())).rejects.toMatchObject({
    code: 'BAD_USAGE',
    message: 'deploy: the first argument must be the name of an app, or a list of names',
    hint: 'deployAll() is for every app that runs.',
  });
});

it.each<[string, object, (where: { cwd: string }) => Promise<unknown>, string]>([
  ['connects', { config: 'nope.yaml' }, connect, 'Look at the option `config` and EVENKEEL_CONFIG.'],
  ['starts one, and names none', {}, startManager, '; the option `config` names one elsewhere;'],
])('a config that is not there is told in the words of a program: who %s', async (_who, options, call, hint) => {
  await expect(call({ ...options, cwd: '/' })).rejects.toMatchObject({
    code: 'NO_CONFIG',
    hint: expect.stringContaining(hint),
  });
});
