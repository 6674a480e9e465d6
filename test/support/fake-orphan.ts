// A process that stands for an orphaned worker, and the test's end of its agent's connection.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { onTestFinished } from 'vitest';
import { frames, sendFrame } from '../../src/platform/ndjson-stream.ts';
import { identify, type ProcessIdentity } from '../../src/platform/process-identity.ts';
import { AGENT_ENV, type AgentCommand } from '../../src/protocol/agent-link.ts';
import { Bell } from './bell.ts';

/** What the kernel shows of it. */
export interface FakeFacts {
  readonly slot?: number;
  readonly generation?: number;
  readonly app?: string;
  /** Another user. */
  readonly uid?: number;
  /** False: it belongs to the session of the test. */
  readonly leads?: boolean;
  /** False: nothing says that a cluster process has started it. */
  readonly marked?: boolean;
  /** The user that it becomes when it is told to turn. */
  readonly becomes?: number;
}

export class FakeOrphan {
  readonly pid: number;
  readonly identity: ProcessIdentity;
  /** How it ended. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #facts: { readonly app: string; readonly slot: number; readonly generation: number };

  constructor({ app = 'web', slot = 0, generation = 1, uid, leads = true, marked = true, becomes }: FakeFacts = {}) {
    this.#facts = { app, slot, generation };
    const env = marked ? { [AGENT_ENV]: JSON.stringify(this.#facts) } : {};
    const user = uid === undefined ? {} : { uid, gid: uid };
    const [file, ...args] =
      becomes === undefined
        ? ['/bin/sleep', '600']
        : [process.execPath, '-e', `process.stdin.once('data', () => process.setuid(${becomes}))`];
    this.#child = spawn(file, args, { detached: leads, stdio: ['pipe', 'ignore', 'ignore'], env, ...user });
    const identity = identify(this.#child.pid ?? 0);
    if (identity === null) throw new Error('not started');
    this.pid = identity.pid;
    this.identity = identity;
    this.ended = once(this.#child, 'exit').then(([code, signal]) => String(signal ?? code));
    onTestFinished(() => {
      this.#child.kill('SIGKILL');
    });
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }

  /** It becomes another user, as with sudo. */
  turn(): void {
    this.#child.stdin?.write('now');
  }

  /** Its agent finds the socket. */
  async connect(path: string, hello: Record<string, unknown> = {}): Promise<FakeAgent> {
    const socket = net.connect(path);
    await once(socket, 'connect');
    const agent = new FakeAgent(socket);
    const said = { type: 'hello', ...this.#facts, pid: this.pid, orphan: true, startedAt: 1 };
    agent.say({ ...said, sockets: [], ...hello });
    return agent;
  }
}

export class FakeAgent {
  readonly socket: net.Socket;
  readonly closed: Promise<unknown>;
  readonly #commands: AgentCommand[] = [];
  readonly #bell = new Bell();

  constructor(socket: net.Socket) {
    this.socket = socket;
    this.closed = once(socket, 'close');
    onTestFinished(() => void socket.destroy());
    frames(
      socket,
      (value) => {
        this.#commands.push(value as AgentCommand);
        this.#bell.ring();
      },
      () => {},
    );
  }

  say(message: object): void {
    sendFrame(this.socket, message);
  }

  /** Of all commands so far. */
  get types(): readonly string[] {
    return this.#commands.map(({ type }) => type);
  }

  /** Waits for the first command of this type that fits. */
  async told<T extends AgentCommand['type']>(
    type: T,
    fits: (command: AgentCommand & { type: T }) => boolean = () => true,
  ): Promise<AgentCommand & { type: T }> {
    const isIt = (command: AgentCommand): command is AgentCommand & { type: T } => command.type === type;
    for (;;) {
      const found = this.#commands.filter(isIt).find(fits);
      if (found !== undefined) return found;
      await this.#bell.next(20_000);
    }
  }
}
