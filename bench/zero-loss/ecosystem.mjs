// One app, `web`, in a temporary folder, run by the built CLI on the Node under test.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../../examples/shop/demo/free-ports.mjs';
import { runCli } from '../../examples/shop/demo/run-cli.mjs';

const FIXTURES = fileURLToPath(new URL('../../test/e2e/fixtures/', import.meta.url));

export class Ecosystem {
  port;
  #node;
  #dir;
  #app;
  #release = 1;

  constructor({ node, dir, port, kind }) {
    this.port = port;
    this.#node = node;
    this.#dir = dir;
    this.#app = { script: join(FIXTURES, `${kind}.mjs`), workers: 2, env: { PORT: port } };
  }

  static async open(node, kind) {
    const dir = mkdtempSync(join(tmpdir(), 'evenkeel-zero-loss-'));
    const [port] = await freePorts(1);
    const ecosystem = new Ecosystem({ node, dir, port, kind });
    ecosystem.#write();
    await ecosystem.run('start');
    return ecosystem;
  }

  /** Changes the app's config and applies it. */
  async reconfigure(change) {
    Object.assign(this.#app, change);
    this.#write();
    await this.run('reload');
  }

  /** New code, then a deploy. */
  async release() {
    this.#release += 1;
    this.#write();
    await this.run('deploy', 'web');
  }

  async changeEnv() {
    this.#release += 1;
    await this.reconfigure({ env: { ...this.#app.env, RELEASE: `${this.#release}` } });
  }

  /** Kills the manager and starts another, which has to find the same workers. */
  async killManager() {
    const before = JSON.parse((await this.run('status', '--json')).stdout);
    process.kill(before.manager.pid, 'SIGKILL');
    await this.run('start');
    const after = JSON.parse((await this.run('status', '--json')).stdout);
    if (pids(before) !== pids(after)) throw new Error(`not adopted: ${pids(before)} before, ${pids(after)} after`);
  }

  /** Runs the CLI; anything but success ends the whole run. */
  async run(...args) {
    const result = await this.#evenkeel(args);
    if (result.code === 0) return result;
    throw new Error(`evenkeel ${args.join(' ')}: exit code ${result.code}\n${result.stdout}${result.stderr}`);
  }

  async close() {
    const { code, stderr } = await this.#evenkeel(['stop', '--timeout', '10s']);
    if (code !== 0) console.error(`evenkeel stop: exit code ${code}\n${stderr}`);
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #write() {
    writeFileSync(join(this.#dir, 'version'), `${this.#release}`);
    writeFileSync(join(this.#dir, 'evenkeel.config.json'), JSON.stringify({ apps: { web: this.#app } }, null, 2));
  }

  #evenkeel(args) {
    return runCli(args, { cwd: this.#dir, node: this.#node });
  }
}

function pids(status) {
  return JSON.stringify(status.apps.map(({ workers }) => workers.map(({ pid }) => pid)));
}
