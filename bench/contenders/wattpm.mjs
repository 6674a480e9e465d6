// wattpm with one application. It runs workers as threads of one process, which stays in the foreground.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { answers } from '../measure/answers.mjs';
import { makeFolder, removeFolder } from '../measure/folder.mjs';
import { runProgram } from '../measure/run-program.mjs';

const { resolve } = createRequire(import.meta.url);

export class Wattpm {
  dir;
  #node;
  #child;
  #output = '';

  constructor(node, dir) {
    this.#node = node;
    this.dir = dir;
  }

  static isInstalled() {
    try {
      return resolve('wattpm/bin/cli.js') !== '';
    } catch {
      return false;
    }
  }

  /** `env`: a function of the folder. */
  static async open(node, { script, workers, port, env }) {
    const wattpm = new Wattpm(node, makeFolder('wattpm'));
    wattpm.#prepare({ script, workers, port });
    try {
      wattpm.#start(env(wattpm.dir));
      await answers(port);
    } catch (error) {
      await wattpm.close();
      throw new Error(wattpm.#output, { cause: error });
    }
    return wattpm;
  }

  run(...args) {
    return runProgram(this.#node, [cli(), ...args], { cwd: this.dir });
  }

  async close() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await exited;
    }
    await removeFolder(this.dir);
  }

  #prepare({ script, workers, port }) {
    cpSync(script, join(this.dir, basename(script)));
    symlinkSync(join(dirname(cli()), '..', '..'), join(this.dir, 'node_modules'));
    writeFileSync(join(this.dir, 'package.json'), JSON.stringify({ name: 'web', type: 'module' }));
    const { version } = JSON.parse(readFileSync(join(dirname(cli()), '..', 'package.json'), 'utf8'));
    const config = {
      $schema: `https://schemas.platformatic.dev/@platformatic/node/${version}.json`,
      runtime: { server: { hostname: '127.0.0.1', port }, workers: { static: workers }, logger: { level: 'warn' } },
      node: { main: basename(script) },
    };
    writeFileSync(join(this.dir, 'watt.json'), JSON.stringify(config, null, 2));
  }

  #start(env) {
    this.#child = spawn(this.#node, [cli(), 'start'], {
      ...{ cwd: this.dir, stdio: ['ignore', 'pipe', 'pipe'] },
      env: { ...process.env, ...env },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk) => {
        this.#output = `${this.#output}${chunk}`.slice(-4_000);
      });
    }
  }
}

function cli() {
  return resolve('wattpm/bin/cli.js');
}
