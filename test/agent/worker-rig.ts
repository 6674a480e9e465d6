// Plays manager and cluster process for the agent's tests: binds sockets, forks workers that have the agent, speaks the
// link protocol, and remembers everything that was said so that a test can wait for it.

import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { onTestFinished } from 'vitest';
import type { ListenAddress } from '../../src/core/spec.ts';
import { bindTcp, bindUnix, type NodeHandle } from '../../src/platform/node-handles.ts';
import type { AgentBoot, AgentCommand, AgentMessage } from '../../src/protocol/agent-link.ts';
import { Bell } from '../support/bell.ts';
import { killHard } from '../support/process-table.ts';

const DEADLINE = 20_000;
/** Other versions of Node: `AGENT_TEST_NODE=/path/to/node npx vitest ...`. */
const NODE = process.env.AGENT_TEST_NODE ?? process.execPath;
const FIRST_SOCKET_FD = 4;

type News =
  | { readonly type: 'up' }
  | { readonly type: 'forked'; readonly key: string; readonly pid: number }
  | { readonly type: 'output'; readonly key: string; readonly text: string }
  | { readonly type: 'app'; readonly key: string; readonly message: unknown }
  | { readonly type: 'exit'; readonly key: string; readonly code: number | null; readonly signal: string | null }
  | { readonly type: 'agent'; readonly key: string; readonly message: AgentMessage };

export interface ForkOptions
  extends Partial<
    Pick<AgentBoot, 'slot' | 'generation' | 'folder' | 'gate' | 'undeclared' | 'onUncaught' | 'stopSignal'>
  > {
  readonly env?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
}

interface Declared {
  readonly address: ListenAddress;
  readonly handle: NodeHandle;
}

/** Builds the agent as `npm run build:agent` does. */
export function buildAgent(folder: string): string {
  const outfile = join(folder, 'agent.cjs');
  buildSync({
    entryPoints: [fileURLToPath(new URL('../../src/agent/main.ts', import.meta.url))],
    ...{ bundle: true, format: 'cjs', platform: 'node', target: 'node20', packages: 'external', outfile },
    logLevel: 'error',
  });
  return outfile;
}

export class WorkerRig {
  readonly folder = mkdtempSync(join(realpathSync(tmpdir()), 'evenkeel-agent-'));
  readonly #agent = buildAgent(this.folder);
  readonly #declared: Declared[] = [];
  readonly #primaries: Primary[] = [];
  #workers = 0;
  readonly policy: 'shared' | 'round-robin';

  constructor(policy: 'shared' | 'round-robin' = 'shared') {
    this.policy = policy;
    // A test that runs out of time never leaves its block, and workers whose cluster process is gone serve for ever.
    onTestFinished(() => this[Symbol.asyncDispose]());
  }

  /** Binds a socket on a free port, as the manager does, for every worker that is forked from now on. */
  declare(host: string | null = null): number {
    const bound = host === null ? bindTcp('::', 0, 6) : bindTcp(host, 0, 4);
    if (!bound.ok) throw new Error(`bind: ${bound.code}`);
    const name: Partial<AddressInfo> = {};
    bound.handle.getsockname?.(name);
    if (name.port === undefined) throw new Error('no port');
    this.#declared.push({ address: { kind: 'tcp', host, port: name.port }, handle: bound.handle });
    return name.port;
  }

  declareUnix(path = join(this.folder, 'declared.sock')): string {
    const bound = bindUnix(path);
    if (!bound.ok) throw new Error(`bind: ${bound.code}`);
    this.#declared.push({ address: { kind: 'unix', path }, handle: bound.handle });
    return path;
  }

  /** Starts one more cluster process. */
  async primary(): Promise<Primary> {
    const fds = this.#declared.map(({ handle }) => handle.fd);
    const settings = {
      agent: this.#agent,
      agentsSocket: join(this.folder, `agents.sock`),
      policy: this.policy,
    };
    rmSync(settings.agentsSocket, { force: true });
    const child = fork(fileURLToPath(new URL('fixtures/primary.cjs', import.meta.url)), [JSON.stringify(settings)], {
      execPath: NODE,
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...fds],
    });
    const listen = this.#declared.map(({ address }, index) => ({ address, fd: FIRST_SOCKET_FD + index }));
    const primary = new Primary(child, listen, () => `w${++this.#workers}`);
    this.#primaries.push(primary);
    await primary.when('the cluster process is up', (news) => (news.type === 'up' ? true : null));
    return primary;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const primary of this.#primaries.splice(0)) await primary.end();
    for (const { handle } of this.#declared.splice(0)) handle.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** One cluster process. */
export class Primary {
  readonly news: News[] = [];
  readonly #child: ChildProcess;
  readonly #listen: AgentBoot['listen'];
  readonly #nextKey: () => string;
  readonly #bell = new Bell();
  readonly #pids = new Set<number>();

  constructor(child: ChildProcess, listen: AgentBoot['listen'], nextKey: () => string) {
    this.#child = child;
    this.#listen = listen;
    this.#nextKey = nextKey;
    child.on('message', (message) => {
      const news = message as News;
      this.news.push(news);
      if (news.type === 'forked') this.#pids.add(news.pid);
      this.#bell.ring();
    });
  }

  /** `fixture`: a file of test/agent/fixtures. */
  fork(fixture: string, options: ForkOptions = {}): Promise<TestWorker> {
    return this.forkScript(fileURLToPath(new URL(`fixtures/${fixture}`, import.meta.url)), options);
  }

  async forkScript(script: string, { env = {}, execArgv = [], ...boot }: ForkOptions = {}): Promise<TestWorker> {
    const key = this.#nextKey();
    const full = {
      ...{ app: 'test', slot: 0, generation: 1, gate: false, undeclared: 'shared' },
      ...{ folder: { declared: process.cwd(), real: process.cwd() }, onUncaught: 'exit', stopSignal: 'SIGTERM' },
      ...{ ...boot, listen: this.#listen, stopTimeout: 15_000 },
    };
    this.#child.send({ do: 'fork', key, script, env, execArgv, boot: full });
    const pid = await this.when('forked', (news) => (news.type === 'forked' && news.key === key ? news.pid : null));
    return new TestWorker(this, key, pid);
  }

  command(key: string, command: AgentCommand): void {
    this.#child.send({ do: 'command', key, command });
  }

  /** Sends the app a message. */
  message(key: string, message: unknown): void {
    this.#child.send({ do: 'message', key, message });
  }

  /** An orphan that has connected to this process. */
  async orphan(pid: number): Promise<TestWorker> {
    const key = `orphan ${pid}`;
    await this.when(`hello of ${key}`, (news) => (news.type === 'agent' && news.key === key ? true : null));
    return new TestWorker(this, key, pid);
  }

  /** The first answer of `find` for the news so far and to come that is not null. */
  async when<T>(what: string, find: (news: News) => T | null, from = 0): Promise<T> {
    const end = Date.now() + DEADLINE;
    for (let index = from; ; index += 1) {
      while (index >= this.news.length) {
        const left = end - Date.now();
        if (left <= 0) throw new Error(`Waited in vain: ${what}\n${JSON.stringify(this.news.slice(-30), null, 1)}`);
        await this.#bell.next(left);
      }
      const news = this.news[index];
      const found = news === undefined ? null : find(news);
      if (found !== null) return found;
    }
  }

  kill(): Promise<void> {
    const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.kill('SIGKILL');
    return gone;
  }

  async end(): Promise<void> {
    for (const pid of this.#pids) killHard(pid);
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill();
  }
}

/** One worker, through its agent. */
export class TestWorker {
  readonly pid: number;
  readonly key: string;
  readonly #primary: Primary;
  #ids = 0;

  constructor(primary: Primary, key: string, pid: number) {
    this.#primary = primary;
    this.key = key;
    this.pid = pid;
  }

  /** Waits for a message of the agent, by default the first of this type. */
  says<T extends AgentMessage['type']>(
    type: T,
    fits: (message: AgentMessage & { type: T }) => boolean = () => true,
  ): Promise<AgentMessage & { type: T }> {
    return this.#primary.when(`${this.key} says ${type}`, (news) => {
      if (news.type !== 'agent' || news.key !== this.key) return null;
      return isOfType(news.message, type) && fits(news.message) ? news.message : null;
    });
  }

  async listening(): Promise<number> {
    const { address } = await this.says('listening');
    return Number(address.split(':').at(-1));
  }

  tell(command: AgentCommand): void {
    this.#primary.command(this.key, command);
  }

  drain(timeout = 15_000): void {
    this.tell({ type: 'drain', timeout });
  }

  async probe(path: string, options: { status?: number | null; timeout?: number } = {}): Promise<string> {
    const id = ++this.#ids;
    this.tell({ type: 'probe', id, path, status: options.status ?? null, timeout: options.timeout ?? 5_000 });
    const answer = await this.says('probed', (message) => message.id === id);
    return `${answer.ok ? 'ok' : 'not ok'}: ${answer.detail}`;
  }

  async metrics() {
    const id = ++this.#ids;
    this.tell({ type: 'metrics', id });
    return (await this.says('metrics', (message) => message.id === id)).metrics;
  }

  exit(): Promise<string> {
    return this.#primary.when(`${this.key} exits`, (news) =>
      news.type === 'exit' && news.key === this.key ? `${news.signal ?? news.code}` : null,
    );
  }

  /** A message that the app sent with process.send. */
  message(): Promise<unknown> {
    return this.#primary.when(`${this.key} sends`, (news) =>
      news.type === 'app' && news.key === this.key ? news.message : null,
    );
  }

  /** Everything that it has printed up to now. */
  output(): string {
    return this.#primary.news
      .map((news) => (news.type === 'output' && news.key === this.key ? news.text : ''))
      .join('');
  }

  async prints(text: string): Promise<void> {
    await this.#primary.when(`${this.key} prints ${text}`, () => (this.output().includes(text) ? true : null));
  }

  messages(): AgentMessage[] {
    return this.#primary.news.flatMap((news) => (news.type === 'agent' && news.key === this.key ? [news.message] : []));
  }
}

function isOfType<T extends AgentMessage['type']>(
  message: AgentMessage,
  type: T,
): message is AgentMessage & { type: T } {
  return message.type === type;
}
