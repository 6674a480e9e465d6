// What a terminal shows of what was written to it: enough of one for our own output. Whatever it does not know is an error.

export class Screen {
  readonly #columns: number;
  readonly #rows: number;
  /** All lines, also those that have been scrolled out of sight. */
  #lines: string[] = [''];
  #row = 0;
  #column = 0;

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
  }

  /** Without the empty lines at the end. */
  get lines(): readonly string[] {
    const lines = this.#lines.map((line) => line.trimEnd());
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  write(text: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about.
    for (const [token] of text.matchAll(/\x1b\[[?\d;]*[A-Za-z]|[\s\S]/g)) this.#take(token);
  }

  #take(token: string): void {
    if (token === '\r') this.#column = 0;
    else if (token === '\n') this.#lineFeed();
    else if (token.startsWith('\x1b[')) this.#control(token.slice(2, -1), token.slice(-1));
    else if (token < ' ') throw new Error(`the screen does not know ${JSON.stringify(token)}`);
    else this.#put(token);
  }

  /** As a terminal driver gives it on: with a carriage return. */
  #lineFeed(): void {
    this.#row += 1;
    this.#column = 0;
    if (this.#row === this.#lines.length) this.#lines.push('');
  }

  #put(character: string): void {
    if (this.#column === this.#columns) this.#lineFeed();
    const line = (this.#lines[this.#row] ?? '').padEnd(this.#column);
    this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
    this.#column += 1;
  }

  #control(parameters: string, kind: string): void {
    const count = Number(parameters === '' ? 1 : parameters);
    const top = Math.max(0, this.#lines.length - this.#rows);
    if (kind === 'A') this.#row = Math.max(top, this.#row - count);
    else if (kind === 'B') this.#row = Math.min(this.#lines.length - 1, this.#row + count);
    else if (kind === 'G') this.#column = count - 1;
    else if (kind === 'K') this.#erase(parameters);
    else if (kind !== 'm' && !parameters.startsWith('?2026')) {
      throw new Error(`the screen does not know CSI ${parameters}${kind}`);
    }
  }

  #erase(which: string): void {
    const line = this.#lines[this.#row] ?? '';
    this.#lines[this.#row] = which === '2' ? '' : line.slice(0, this.#column);
  }
}
