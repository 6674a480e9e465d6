// What has been answered as done is remembered, whatever happens to the manager next; where it may not be, the answer says so.

import { expect, it } from 'vitest';
import { appSpec } from '../support/app-spec.ts';
import { serving } from './api-rig.ts';

const UNTOLD = 'the disk does not answer: what was changed is not written down yet';
const TOLD = expect.stringContaining('state.json cannot be written: ENOSPC');

it.each<[string, boolean, string | null, unknown[]]>([
  ['it is written', true, null, []],
  ['nobody knows why it is not', false, null, [UNTOLD]],
  ['it is known why it is not', false, 'ENOSPC', [TOLD]],
  ['it is written at last, and others are not', true, 'ENOSPC', [TOLD]],
])('%s', async (_, written, problem, notices) => {
  const { rig, context, api } = await serving(appSpec());
  Object.assign(context.fleet.state, { flush: async () => written });
  context.fleet.warnings.note(rig.layout.stateFile, problem);
  expect(await api.ask('POST', '/v1/apps/web/scale', { workers: 3 })).toMatchObject({ status: 200, body: { notices } });
});
