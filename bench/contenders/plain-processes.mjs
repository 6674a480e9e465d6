// Plain Node processes, each started by hand.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

export class PlainProcesses {
  #node;
  #children = [];

  constructor(node) {
    this.#node = node;
  }

  start(script, env) {
    const child = spawn(this.#node, [script], { stdio: 'ignore', env: { ...process.env, ...env } });
    this.#children.push(child);
  }

  async close() {
    const children = this.#children.splice(0);
    await Promise.all(
      children.map((child) => {
        const exited = once(child, 'exit');
        child.kill('SIGKILL');
        return exited;
      }),
    );
  }
}
