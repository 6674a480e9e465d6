// A whole ecosystem for one test: a folder with a config and apps, the built CLI, and the certainty that nothing of it
// is left when the test ends. `await using rig = await createRig({ apps: { web: { script: fixture('http.mjs') } } })`.

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject, onTestFailed, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import type { AppStatus, Status } from '../../src/core/status.ts';
import { type StateLayout, stateLayout } from '../../src/platform/paths.ts';
import { presenceDir } from '../../src/platform/presence.ts';
import { askApi } from './api-client.ts';
import { describeLogs, endAndFindLeftovers } from './clean-up.ts';
import { type CliOptions, CliProcess, type CliResult, scrubbedEnv } from './cli-process.ts';
import { EventStream } from './event-stream.ts';
import { eventually } from './eventually.ts';
import { type Load, type LoadOptions, startLoad } from './load.ts';
import { isAlive, killHard, processesOf } from './process-table.ts';
import { PuppetTheatre } from './puppet-theatre.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAUSE_MS = 10;
const FIXTURES = fileURLToPath(new URL('../e2e/fixtures', import.meta.url));

/** The config as a user writes it; deliberately loose, since tests also write wrong ones. */
export interface RigConfig {
  readonly [key: string]: unknown;
  readonly apps: Readonly<Record<string, AppConfig>>;
}
export type AppConfig = Readonly<Record<string, unknown>>;

export interface RigOptions extends Partial<RigConfig> {
  /** Text of files by path, relative to the rig's folder. */
  readonly files?: Readonly<Record<string, string>>;
  /** Text of the config file, instead of `apps` and its like. */
  readonly configText?: string;
  /** Default evenkeel.config.yaml. */
  readonly configFile?: string;
  /** Writes no config: for what is started without one. */
  readonly withoutConfig?: boolean;
  /** Folders between the temporary folder and the rig's own, for long paths. */
  readonly nested?: string;
}

/** The absolute path of an app in test/e2e/fixtures. */
export function fixture(name: string): string {
  return join(FIXTURES, name);
}

export async function createRig(options: RigOptions = {}): Promise<Rig> {
  const {
    files = {},
    configText,
    configFile = 'evenkeel.config.yaml',
    nested = '',
    apps,
    withoutConfig = false,
    ...rest
  } = options;
  const base = mkdtempSync(join(inject('e2eRoot'), 'rig-'));
  chmodSync(base, 0o711);
  const dir = join(base, nested);
  mkdirSync(dir, { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  const puppets = await PuppetTheatre.open(join(base, 'puppets.sock'));
  const stateDir = typeof rest.stateDir === 'string' ? rest.stateDir : '.evenkeel';
  const rig = new Rig({ base, dir, configFile, puppets, stateDir });
  for (const [file, text] of Object.entries(files)) rig.write(file, text);
  if (withoutConfig) {
    // There may be none above either.
  } else if (configText === undefined) rig.writeConfig({ ...rest, apps: apps ?? {} });
  else rig.write(configFile, configText);
  onTestFailed(() => console.error(rig.report));
  // Also when the test ran out of time, where its `await using` never gets to run.
  onTestFinished(() => rig[Symbol.asyncDispose]());
  return rig;
}

interface RigParts {
  readonly base: string;
  readonly dir: string;
  readonly configFile: string;
  readonly puppets: PuppetTheatre;
  /** Relative to `dir`. */
  readonly stateDir: string;
}

export class Rig implements AsyncDisposable {
  readonly dir: string;
  readonly state: StateLayout;
  readonly puppets: PuppetTheatre;
  /** What a failed test prints; complete after disposal. */
  report = '';
  readonly #base: string;
  readonly #configFile: string;
  readonly #processes: CliProcess[] = [];
  readonly #closers: (() => void | Promise<void>)[] = [];
  #config: RigConfig = { apps: {} };
  #disposal: Promise<void> | null = null;

  constructor({ base, dir, configFile, puppets, stateDir }: RigParts) {
    this.#base = base;
    this.dir = dir;
    this.#configFile = configFile;
    this.puppets = puppets;
    this.state = stateLayout(join(dir, stateDir));
  }

  path(...parts: readonly string[]): string {
    return join(this.dir, ...parts);
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), text);
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8');
  }

  writeConfig(config: RigConfig): void {
    this.#config = config;
    this.write(this.#configFile, this.#configFile.endsWith('.json') ? JSON.stringify(config) : stringify(config));
  }

  editConfig(edit: (config: RigConfig) => RigConfig): void {
    this.writeConfig(edit(this.#config));
  }

  /** Changes keys of one app; undefined removes a key. */
  editApp(name: string, change: AppConfig): void {
    this.editConfig((config) => {
      const app = Object.entries({ ...config.apps[name], ...change }).filter(([, value]) => value !== undefined);
      return { ...config, apps: { ...config.apps, [name]: Object.fromEntries(app) } };
    });
  }

  /** Changes keys below `deploy` of one app. */
  editDeploy(name: string, change: AppConfig): void {
    this.editApp(name, { deploy: { ...asRecord(this.#config.apps[name]?.deploy), ...change } });
  }

  /** Changes variables of one app; undefined removes one. */
  editEnv(name: string, change: Readonly<Record<string, string | undefined>>): void {
    this.editApp(name, { env: { ...asRecord(this.#config.apps[name]?.env), ...change } });
  }

  removeApp(name: string): void {
    this.editConfig((config) => {
      const apps = Object.entries(config.apps).filter(([key]) => key !== name);
      return { ...config, apps: Object.fromEntries(apps) };
    });
  }

  env(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return scrubbedEnv({ XDG_RUNTIME_DIR: this.#base, ...extra });
  }

  /** A long-running command; `cli` is for those that end by themselves. */
  spawnCli(args: readonly string[], options: Partial<CliOptions> = {}): CliProcess {
    const child = new CliProcess(args, { ...options, cwd: options.cwd ?? this.dir, env: this.env(options.env) });
    this.#processes.push(child);
    return child;
  }

  cli(...args: readonly string[]): Promise<CliResult> {
    return this.spawnCli(args).ended;
  }

  /** Runs a command that has to succeed. */
  async run(...args: readonly string[]): Promise<CliResult> {
    const result = await this.cli(...args);
    if (result.code !== 0) {
      throw new Error(`evenkeel ${args.join(' ')}: exit code ${result.code}\n${result.stdout}\n${result.stderr}`);
    }
    return result;
  }

  /** Runs a command with --json that has to succeed; the caller names the shape, which api.test and cli.test prove. */
  async json<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse((await this.run(...args, '--json')).stdout) as T;
  }

  async status(): Promise<Status> {
    const answer = await askApi<Status>(this.state.managerSocket, { path: '/v1/status' });
    return answer.body;
  }

  async app(name: string): Promise<AppStatus> {
    const app = (await this.status()).apps.find((candidate) => candidate.name === name);
    if (app === undefined) throw new Error(`No app '${name}' in the status`);
    return app;
  }

  /** Pids of the app's workers, by slot. */
  async pids(name: string): Promise<readonly (number | null)[]> {
    return (await this.app(name)).workers.map(({ pid }) => pid);
  }

  /** Waits until the app's status fits. */
  appWhere(name: string, what: string, fits: (app: AppStatus) => boolean): Promise<AppStatus> {
    return eventually(`${name}: ${what}`, async () => {
      const app = await this.app(name);
      return fits(app) && app;
    });
  }

  /** From now on; closed with the rig. */
  async events(): Promise<EventStream> {
    const stream = await EventStream.open(this.state.managerSocket);
    this.#closers.push(() => stream.close());
    return stream;
  }

  /**
   * Load on a port; stopped with the rig if the test does not. Each client pauses between its requests, so that the
   * CPUs are not all the load's; bench/zero-loss.mjs asks without a pause.
   */
  load(options: LoadOptions): Load {
    const load = startLoad({ pause: PAUSE_MS, ...options });
    this.#closers.push(async () => void (await load.stop()));
    return load;
  }

  /** Registers what has to be undone when the rig ends. */
  defer(close: () => void | Promise<void>): void {
    this.#closers.push(close);
  }

  /** Ends everything as a power cut does: the manager first, so that it has no time to notice the rest. */
  async cutPower(): Promise<void> {
    const { pid } = (await this.status()).manager;
    const others = processesOf(this.dir).filter((entry) => entry.pid !== pid);
    for (const victim of [pid, ...others.map((entry) => entry.pid)]) killHard(victim);
    await eventually('everything is gone', () => processesOf(this.dir).length === 0);
  }

  /** SIGKILL, and waits until the process is gone. */
  async kill9(pid: number): Promise<void> {
    if (!killHard(pid)) throw new Error(`Process ${pid} was gone already`);
    await eventually(`process ${pid} is gone`, () => !isAlive(pid));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  async #dispose(): Promise<void> {
    try {
      const leftovers = await endAndFindLeftovers(this.#base, this.state, () => this.cli('stop', '--timeout', '1s'));
      this.report = describeLogs(this.#processes, this.state);
      if (leftovers.length > 0) throw new Error(`Left behind:\n${leftovers.join('\n')}\n${this.report}`);
    } finally {
      for (const close of this.#closers) await close();
      this.puppets.close();
      // Of processes that were killed.
      rmSync(presenceDir(this.state.dir), { recursive: true, force: true });
      rmSync(this.#base, { recursive: true, force: true });
    }
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
