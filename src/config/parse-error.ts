// Pure: what the TypeScript loader says of a file that it cannot parse, and where. (config loader)

export interface ParseError {
  readonly message: string;
  /** The config, or what it imports. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** "ParseError: Unexpected token\n /shop/c.ts:1:39", whose columns count from 0; null: it is another error. */
export function readParseError(error: unknown): ParseError | null {
  if (!(error instanceof Error)) return null;
  const found = /^ParseError: (.*?)\s*\n\s*(\/.*):(\d+):(\d+)\s*$/s.exec(error.message);
  const [, message = '', file = '', line, column] = found ?? [];
  return found === null ? null : { message, file, line: Number(line), column: Number(column) + 1 };
}
