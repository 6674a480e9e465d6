// The built CLI on apps in a temporary folder.

import { readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeFolder, removeFolder } from '../measure/folder.mjs';
import { runProgram } from '../measure/run-program.mjs';

const CLI = fileURLToPath(new URL('../../dist/cli/main.cjs', import.meta.url));

export class Evenkeel {
  dir;
  #node;

  constructor(node, dir) {
    this.#node = node;
    this.dir = dir;
  }

  /** `apps`: as in the config, or a function of the folder that gives them. Started and ready when this resolves. */
  static async open(node, apps) {
    const evenkeel = Evenkeel.prepare(node, apps);
    try {
      await evenkeel.run('start');
    } catch (error) {
      await evenkeel.close();
      throw error;
    }
    return evenkeel;
  }

  /** Nothing is started yet. */
  static prepare(node, apps) {
    const evenkeel = new Evenkeel(node, makeFolder('evenkeel'));
    evenkeel.configure(typeof apps === 'function' ? apps(evenkeel.dir) : apps);
    return evenkeel;
  }

  configure(apps) {
    writeFileSync(join(this.dir, 'evenkeel.config.json'), JSON.stringify({ apps }, null, 2));
  }

  /** Gives { ms, stdout, stderr }; rejects unless it succeeds. */
  run(...args) {
    // Everything that it starts is to run on the Node under test.
    const env = { ...process.env, PATH: `${dirname(this.#node)}:${process.env.PATH}` };
    return runProgram(this.#node, [CLI, ...args], { cwd: this.dir, env });
  }

  async status() {
    return JSON.parse((await this.run('status', '--json')).stdout);
  }

  logFiles(folder) {
    return readdirSync(join(this.dir, folder)).map((name) => join(this.dir, folder, name));
  }

  async close() {
    try {
      await this.run('stop', '--timeout', '10s');
    } finally {
      await removeFolder(this.dir);
    }
  }
}
