// CLI: writes log lines, each with the worker it is of: `web.0 │ text`, `web.0 ! text` where it came from stderr.

import type { ShownLine } from '../client/merge-lines.ts';
import type { Context } from './context.ts';
import type { StyleName } from './style.ts';

const COLORS: readonly StyleName[] = ['cyan', 'green', 'yellow', 'magenta', 'blue'];

export class LogPrinter {
  readonly #context: Context;
  readonly #apps: readonly string[];

  /** `apps`: all that lines will come from; the prefix is as wide as the longest of them needs. */
  constructor(context: Context, apps: readonly string[]) {
    this.#context = context;
    this.#apps = apps;
  }

  print(app: string, { slot, stream, line }: ShownLine): void {
    const { out, globals } = this.#context;
    if (globals.json) {
      out.write(`${JSON.stringify({ app, slot, stream, line })}\n`);
      return;
    }
    const width = Math.max(...this.#apps.map((name) => name.length)) + 2;
    const prefix = (slot === null ? app : `${app}.${slot}`).padEnd(width);
    const mark = stream === 'stderr' ? out.style('red', '!') : out.style('dim', '│');
    out.write(`${out.style(this.#colorOf(app, slot), prefix)} ${mark} ${line}\n`);
  }

  /** Lines that came faster than we could show them. */
  skipped(app: string, lines: number): void {
    this.#context.err.write(`${app}: ${lines} lines were skipped: they came faster than they could be shown\n`);
  }

  #colorOf(app: string, slot: number | null): StyleName {
    const index = Math.max(0, this.#apps.indexOf(app)) + (slot ?? 0);
    return COLORS[index % COLORS.length] ?? 'cyan';
  }
}
