// What Node itself does: node:cluster with a shared socket, and nothing around it. The limit for everyone.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { makeFolder, removeFolder } from '../measure/folder.mjs';

const MAIN = fileURLToPath(new URL('./bare-cluster-main.mjs', import.meta.url));
const DEADLINE = 60_000;

export class BareCluster {
  dir;
  #child;

  constructor(dir, child) {
    this.dir = dir;
    this.#child = child;
  }

  /** `env`: a function of the folder. All workers listen when this resolves. */
  static async open(node, { script, workers, env }) {
    const dir = makeFolder('bare');
    const child = fork(MAIN, [script, String(workers)], {
      ...{ cwd: dir, execPath: node, env: { ...process.env, ...env(dir) } },
    });
    const bare = new BareCluster(dir, child);
    await bare.#hears('ready');
    return bare;
  }

  /** As many new workers, and when they listen the old ones are told to end. Resolves when these are gone. */
  async deploy() {
    this.#child.send('deploy');
    await this.#hears('deployed');
  }

  async close() {
    if (this.#child.connected) {
      const exited = once(this.#child, 'exit');
      this.#child.disconnect();
      await exited;
    }
    await removeFolder(this.dir);
  }

  async #hears(expected) {
    const signal = AbortSignal.timeout(DEADLINE);
    const gone = once(this.#child, 'exit', { signal }).then(() => ['exit']);
    const [heard] = await Promise.race([once(this.#child, 'message', { signal }), gone]);
    if (heard !== expected) throw new Error(`bare node:cluster: ${heard} where ${expected} was due`);
  }
}
