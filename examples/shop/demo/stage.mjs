// A copy of the shop in a temporary folder, on free ports, with the built CLI at hand; taken down again whatever happens.

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from './free-ports.mjs';
import { runCli } from './run-cli.mjs';

const SHOP = fileURLToPath(new URL('..', import.meta.url));
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const COPIED = ['evenkeel.config.yaml', 'web', 'api', 'mails', 'reports', 'search'];
const CONFIG = 'evenkeel.config.yaml';
/** As the shop's config and README name them. */
const PORTS = [3000, 3001, 3002];

export class Stage {
  #dir;
  /** The shop's ports by the number that its config names. */
  #ports;
  #closed = false;
  /** The command that was begun last. */
  #running = null;

  constructor(dir, ports) {
    this.#dir = dir;
    this.#ports = ports;
  }

  static async open() {
    const dir = mkdtempSync(join(tmpdir(), 'evenkeel-demo-'));
    for (const name of COPIED) cpSync(join(SHOP, name), join(dir, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
    const free = await freePorts(PORTS.length);
    const stage = new Stage(dir, new Map(PORTS.map((port, index) => [port, free[index]])));
    stage.editConfig((text) => text.replace(/\b300[01]\b/g, (port) => stage.port(Number(port))));
    return stage;
  }

  /** The port that stands in for the one of the original config. */
  port(original) {
    return this.#ports.get(original);
  }

  edit(file, change) {
    const path = join(this.#dir, file);
    const before = readFileSync(path, 'utf8');
    const after = change(before);
    if (after === before) throw new Error(`${file} was to be changed and was not`);
    writeFileSync(path, after);
  }

  editConfig(change) {
    this.edit(CONFIG, change);
  }

  /** Runs the CLI to its end. Nothing more is begun once the stage is closed. */
  evenkeel(...args) {
    if (this.#closed) return Promise.reject(new Error('the stage is closed'));
    this.#running = runCli([...args, '--no-color'], { cwd: this.#dir });
    return this.#running;
  }

  async status() {
    return JSON.parse((await this.evenkeel('status', '--json')).stdout);
  }

  async close() {
    // What is under way when the story is interrupted could bring something up behind our back.
    await this.#running?.catch(() => undefined);
    const stopping = this.evenkeel('stop', '--timeout', '10s');
    this.#closed = true;
    const { code, stderr } = await stopping;
    if (code !== 0 && code !== 3) console.error(`evenkeel stop: exit code ${code}\n${stderr}`);
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
