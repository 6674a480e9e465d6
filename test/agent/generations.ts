// Replaces the workers of a fixture again and again while clients ask it, and says what was lost.

import { type LoadReport, startLoad } from '../support/load.ts';
import type { ForkOptions, Primary, TestWorker } from './worker-rig.ts';

export interface GenerationsOptions extends ForkOptions {
  readonly fixture: string;
  readonly port: number;
  readonly mode: 'keep-alive' | 'close';
  readonly path?: string;
  readonly generations?: number;
  /** Requests that are answered between two replacements. */
  readonly requests?: number;
}

export interface GenerationsReport {
  readonly load: LoadReport;
  /** How the replaced workers ended. */
  readonly exits: readonly string[];
  /** Requests that they finished while draining. */
  readonly finished: number;
}

const WORKERS = 2;
const CLIENTS = Number(process.env.AGENT_TEST_CLIENTS ?? 16);
const REQUESTS = Number(process.env.AGENT_TEST_REQUESTS ?? 300);

export async function runGenerations(primary: Primary, options: GenerationsOptions): Promise<GenerationsReport> {
  const { port, mode, path = '/', generations = 2, requests = REQUESTS } = options;
  let serving = await generation(primary, options, 1);
  const load = startLoad({ port, mode, path, clients: CLIENTS });
  const exits: string[] = [];
  let finished = 0;
  for (let version = 2; version < 2 + generations; version += 1) {
    await load.more(requests);
    const old = serving;
    serving = await generation(primary, options, version);
    load.lap();
    for (const worker of old) worker.drain();
    await load.sees(version);
    for (const worker of old) {
      exits.push(await worker.exit());
      finished += (await worker.says('drained')).finished;
    }
  }
  const report = await load.stop();
  return { load: report, exits, finished };
}

async function generation(primary: Primary, options: GenerationsOptions, version: number): Promise<TestWorker[]> {
  const env = { ...options.env, PORT: `${options.port}`, VERSION: `${version}` };
  const workers: TestWorker[] = [];
  for (let count = 0; count < WORKERS; count += 1)
    workers.push(await primary.fork(options.fixture, { ...options, env }));
  await Promise.all(workers.map((worker) => worker.says('listening')));
  return workers;
}
