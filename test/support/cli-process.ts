// The built CLI as a process of its own: run to its end, or followed line by line.

import { type ChildProcess, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Bell } from './bell.ts';

export const CLI = fileURLToPath(new URL('../../dist/cli/main.cjs', import.meta.url));
/** The Node under test: EVENKEEL_TEST_NODE, else the one that runs the tests. */
export const NODE = process.env.EVENKEEL_TEST_NODE ?? process.execPath;

const DEADLINE_MS = 90_000;

export interface CliResult {
  /** null: ended by `signal`. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** The built CLI; default: ours. */
  readonly program?: string;
  /** Whose process it is, user and group; default: ours. */
  readonly uid?: number;
}

type StreamName = 'stdout' | 'stderr';

export class CliProcess {
  readonly command: string;
  readonly pid: number;
  /** Settles when it has ended and its output streams are closed. */
  readonly ended: Promise<CliResult>;
  readonly #child: ChildProcess;
  readonly #text: Record<StreamName, string> = { stdout: '', stderr: '' };
  /** How much of each stream `waitForLine` has consumed. */
  readonly #consumed: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  readonly #bell = new Bell();
  #result: CliResult | null = null;

  constructor(args: readonly string[], { cwd, env, program = CLI, uid }: CliOptions) {
    this.command = `evenkeel ${args.join(' ')}`;
    this.#child = spawn(NODE, [program, ...args], {
      ...{ cwd, env, stdio: ['ignore', 'pipe', 'pipe'] },
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    this.pid = this.#child.pid ?? 0;
    this.#collect('stdout');
    this.#collect('stderr');
    this.ended = this.#end();
    // Whoever awaits `ended` gets the failure; nobody may, when the test has failed before.
    this.ended.catch(() => undefined);
  }

  get stdout(): string {
    return this.#text.stdout;
  }

  get stderr(): string {
    return this.#text.stderr;
  }

  get isOver(): boolean {
    return this.#result !== null;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Reads no more of its output, as `head` does when it has enough. */
  hangUp(): void {
    this.#child.stdout?.destroy();
  }

  /** The next line that matches; what came before it is consumed. */
  async waitForLine(pattern: RegExp, stream: StreamName = 'stdout', deadlineMs = 60_000): Promise<string> {
    const end = Date.now() + deadlineMs;
    for (;;) {
      const line = this.#takeLine(pattern, stream);
      if (line !== null) return line;
      if (this.isOver) throw new Error(`${this.command} ended without a line like ${pattern}\n${this.describe()}`);
      const left = end - Date.now();
      if (left <= 0) throw new Error(`${this.command}: no line like ${pattern} on ${stream}\n${this.describe()}`);
      await this.#bell.next(left);
    }
  }

  describe(): string {
    return `$ ${this.command}\n--- stdout\n${this.stdout}\n--- stderr\n${this.stderr}`;
  }

  #collect(name: StreamName): void {
    this.#child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#text[name] += chunk;
      this.#bell.ring();
    });
  }

  #takeLine(pattern: RegExp, stream: StreamName): string | null {
    const from = this.#consumed[stream];
    const whole = this.#text[stream].slice(from, this.#text[stream].lastIndexOf('\n') + 1);
    let offset = from;
    for (const line of whole.split('\n').slice(0, -1)) {
      offset += line.length + 1;
      if (!pattern.test(line)) continue;
      this.#consumed[stream] = offset;
      return line;
    }
    return null;
  }

  #end(): Promise<CliResult> {
    return new Promise((resolve, reject) => {
      let exited = false;
      const deadline = setTimeout(() => {
        this.#child.kill('SIGKILL');
        const what = exited ? 'has ended, but something it started holds its output open' : 'did not end';
        reject(new Error(`${this.command} ${what} (${DEADLINE_MS} ms)\n${this.describe()}`));
        this.#child.stdout?.destroy();
        this.#child.stderr?.destroy();
      }, DEADLINE_MS);
      this.#child.on('error', reject);
      this.#child.on('exit', () => {
        exited = true;
      });
      this.#child.on('close', (code, signal) => {
        clearTimeout(deadline);
        this.#result = { code, signal, stdout: this.stdout, stderr: this.stderr };
        this.#bell.ring();
        resolve(this.#result);
      });
    });
  }
}

/** What every process under test gets: nothing of the test runner's or of the developer's shell. */
export function scrubbedEnv(extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { HOME, USER, LANG, TZ, PATH = '' } = process.env;
  return { HOME, USER, LANG, TZ, PATH: `${dirname(NODE)}:${PATH}`, ...extra };
}
