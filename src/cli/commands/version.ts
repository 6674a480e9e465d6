// CLI: evenkeel version

import { findManager } from '../../client/find-manager.ts';
import { EvenkeelError, EXIT } from '../../core/errors.ts';
import { packageVersion } from '../../platform/entry-points.ts';
import type { VersionAnswer } from '../../protocol/control-api.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { describeUpgrade } from '../upgrade.ts';

export const command = defineCommand({
  arguments: [],
  options: {},
  details: [
    'Works without a manager too. After an upgrade of evenkeel the two differ until the manager is',
    'replaced, and it says how.',
  ].join('\n'),
  examples: [{ line: 'evenkeel version', does: 'of this program, and of the manager that runs' }],
  run: async (context) => {
    const version = packageVersion();
    const manager = await managerVersion(context);
    const text = manager === null ? 'no manager is running' : `manager ${manager.version} (pid ${manager.pid})`;
    const upgrade = manager === null ? null : describeUpgrade(manager);
    const lines = [`evenkeel ${version}`, text, ...(upgrade === null ? [] : [upgrade])];
    return { kind: 'result', exit: EXIT.done, document: { version, manager }, text: `${lines.join('\n')}\n` };
  },
});

async function managerVersion(context: Context): Promise<VersionAnswer | null> {
  try {
    const client = await findManager(context);
    return client === null ? null : await client.version();
  } catch (error) {
    if (error instanceof EvenkeelError) return null;
    throw error;
  }
}
