// A folder of examples/ as a rig: a copy, with ports of its own.

import { cpSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { createRig, type Rig } from './rig.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

export interface Example {
  readonly rig: Rig;
  /** In place of the example's own. */
  readonly port: number;
}

/** `port`: the one port of its config. */
export async function exampleRig(folder: string, port: number): Promise<Example> {
  const ours = await freePort();
  const config = readFileSync(`${EXAMPLES}/${folder}/evenkeel.config.yaml`, 'utf8');
  const rig = await createRig({ configText: config.replaceAll(`${port}`, `${ours}`) });
  const isConfig = (path: string): boolean => path.endsWith('evenkeel.config.yaml');
  cpSync(`${EXAMPLES}/${folder}`, rig.dir, {
    ...{ recursive: true, verbatimSymlinks: true, filter: (path) => !isConfig(path) },
  });
  return { rig, port: ours };
}
