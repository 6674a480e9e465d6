// What a program says wrong is refused by a rejection, before anything is asked of the manager.

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EvenkeelClient } from '../../src/client/evenkeel-client.ts';
import { ControlClient } from '../../src/platform/control-client.ts';
import { tempDir } from '../support/temp-dir.ts';

const client = () => new EvenkeelClient(new ControlClient(join(tempDir(), 'manager.sock')), '/srv');
/** As a program in JavaScript has it, or one that takes options from elsewhere. */
const loose = (options: Readonly<Record<string, unknown>>): object => options;

it.each<[string, (evenkeel: EvenkeelClient) => Promise<unknown>, string, string]>([
  ['deploy', (c) => c.deploy('web', loose({ timeot: 1 })), 'there is no option "timeot"', 'Did you mean timeout?'],
  ['deployAll', (c) => c.deployAll(loose({ force: true })), 'there is no option "force"', 'There are: env,'],
  ['rollback', (c) => c.rollback('web', loose({ generation: 1 })), 'there is no option "generation"', 'There are:'],
  ['stop', (c) => c.stop(undefined, loose({ timeoot: 1 })), 'there is no option "timeoot"', 'Did you mean timeout?'],
  ['reload', (c) => c.reload(loose({ profil: 'x' })), 'there is no option "profil"', 'Did you mean profile?'],
  ['start', (c) => c.start('web', loose({ wait: true })), 'there is no option "wait"', 'There are: onEvent, signal.'],
])('%s refuses an option that it does not have', async (method, call, message, hint) => {
  await expect(call(client())).rejects.toMatchObject({
    code: 'BAD_USAGE',
    message: `${method}: ${message}`,
    hint: expect.stringContaining(hint),
  });
});

it('a value that cannot be read is a rejection too', async () => {
  const promise = client().deploy('web', { timeout: 'x' });
  await expect(promise).rejects.toMatchObject({ code: 'BAD_USAGE', message: expect.stringContaining('"x"') });
});
