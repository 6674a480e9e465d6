// PM2 with a home and a daemon of its own.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { makeFolder, removeFolder } from '../measure/folder.mjs';
import { runProgram } from '../measure/run-program.mjs';

const PM2 = createRequire(import.meta.url).resolve('pm2/bin/pm2');

export class Pm2 {
  dir;
  #node;

  constructor(node, dir) {
    this.#node = node;
    this.dir = dir;
  }

  /** `apps`: as in its ecosystem file, or a function of the folder that gives them. */
  static async open(node, apps) {
    const pm2 = Pm2.prepare(node, apps);
    try {
      await pm2.run('start', 'ecosystem.config.json');
    } catch (error) {
      await pm2.close();
      throw error;
    }
    return pm2;
  }

  static prepare(node, apps) {
    const dir = makeFolder('pm2');
    const text = JSON.stringify({ apps: typeof apps === 'function' ? apps(dir) : apps }, null, 2);
    writeFileSync(join(dir, 'ecosystem.config.json'), text);
    return new Pm2(node, dir);
  }

  run(...args) {
    const env = {
      ...process.env,
      PATH: `${dirname(this.#node)}:${process.env.PATH}`,
      PM2_HOME: join(this.dir, 'home'),
    };
    return runProgram(this.#node, [PM2, ...args], { cwd: this.dir, env });
  }

  /** [{ name, pid, pm2_env ... }] */
  async list() {
    return JSON.parse((await this.run('jlist')).stdout);
  }

  get daemonPid() {
    return Number(readFileSync(join(this.dir, 'home', 'pm2.pid'), 'utf8'));
  }

  async close() {
    try {
      if (existsSync(join(this.dir, 'home', 'pm2.pid'))) await this.run('kill');
    } finally {
      await removeFolder(this.dir);
    }
  }
}
