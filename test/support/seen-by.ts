// What the app of fixtures/environment.mjs says of itself.

export interface Seen {
  readonly version: string;
  readonly pid: number;
  readonly env: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
  readonly execArgv: readonly string[];
  readonly cwd: string;
}

/** Asked over a connection of its own, so that a worker that is leaving is not asked. */
export async function seenBy(port: number): Promise<Seen> {
  const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
  return (await answer.json()) as Seen;
}
