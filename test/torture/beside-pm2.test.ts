// The same faults for evenkeel and for PM2, one after the other on the same machine: the same app, as PM2's documentation
// would have it, under the same load. Only evenkeel has to hold its promises; of PM2 it is told what happens.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, type TestContext, test } from 'vitest';
import { Evenkeel } from '../../bench/contenders/evenkeel.mjs';
import { installPeers } from '../../bench/suite/install-peers.mjs';
import type { Status } from '../../src/core/status.ts';
import { freePort } from '../support/free-port.ts';
import { type LoadReport, startLoad } from '../support/load.ts';
import { isAlive } from '../support/process-table.ts';
import { LONG } from '../support/tiers.ts';
import { type Finding, report, requestsOf } from './finding.ts';

const WORKERS = 2;
/** Of each kind, keep-alive and close. */
const CLIENTS = 4;
const PAUSE_MS = 2;
const INSTALL_TIMEOUT = 180_000;
/** As long as it takes a person, or a script, to notice and to give the next command. */
const NOTICED_AFTER = 2_000;

interface Peer {
  readonly dir: string;
  readonly managerPid: () => Promise<number>;
  readonly workerPids: () => Promise<readonly number[]>;
  /** Rejects where the command fails, with its exit code in the message. */
  readonly deploy: () => Promise<unknown>;
  /** The command with which a user brings all back. */
  readonly start: () => Promise<unknown>;
  readonly close: () => Promise<void>;
}

interface Fault {
  readonly title: string;
  readonly promise: string;
  /** What evenkeel may lose. */
  readonly mayFail: number;
  /** Gives what is to be said of it. */
  readonly strike: (peer: Peer) => Promise<string>;
}

const FAULTS: readonly Fault[] = [
  {
    ...{ title: 'SIGKILL of the manager (the daemon), and its start two seconds later', promise: 'P5', mayFail: 0 },
    strike: async (peer) => {
      const before = await peer.workerPids();
      process.kill(await peer.managerPid(), 'SIGKILL');
      await sleep(NOTICED_AFTER);
      const left = before.filter(isAlive).length;
      await peer.start();
      return `${left} of ${before.length} workers live on`;
    },
  },
  {
    ...{ title: 'SIGSTOP of the manager (the daemon) for two seconds', promise: 'P5', mayFail: 0 },
    strike: async (peer) => {
      const pid = await peer.managerPid();
      process.kill(pid, 'SIGSTOP');
      await sleep(NOTICED_AFTER);
      process.kill(pid, 'SIGCONT');
      return '';
    },
  },
  {
    ...{ title: 'SIGKILL of a worker', promise: 'P7', mayFail: 2 * CLIENTS },
    strike: async (peer) => {
      const [victim] = await peer.workerPids();
      process.kill(victim ?? 0, 'SIGKILL');
      return '';
    },
  },
  {
    ...{ title: 'a new release', promise: 'P1', mayFail: 0 },
    strike: (peer) => release(peer, server('2')),
  },
  {
    ...{ title: 'a release that throws as it boots', promise: 'P2', mayFail: 0 },
    strike: (peer) => release(peer, "throw new Error('broken');"),
  },
];

const PEERS = [
  ['evenkeel', openEvenkeel],
  ['PM2', openPm2],
] as const;

beforeAll(installPeers, INSTALL_TIMEOUT);

test.for(FAULTS.flatMap((fault) => PEERS.map(([name, open]) => ({ name, open, fault, title: fault.title }))))(
  '$name: $title',
  LONG,
  async ({ name, open, fault }, context) => {
    const port = await freePort();
    const peer = await open(port);
    context.onTestFinished(peer.close);
    const { result, requests } = await underLoad(context, port, () => fault.strike(peer));
    if (name === 'evenkeel') {
      expect(requests.failed, result).toBeLessThanOrEqual(fault.mayFail);
      expect(result).toContain(SERVES);
    }
    const { title, promise } = fault;
    report(context, { chapter: 'Beside PM2', fault: `${name}: ${title}`, promise, requests, result });
  },
);

const SERVES = 'it serves afterwards';

async function underLoad(
  context: TestContext,
  port: number,
  strike: () => Promise<string>,
): Promise<Pick<Finding, 'result'> & { readonly requests: ReturnType<typeof requestsOf> }> {
  const loads = (['keep-alive', 'close'] as const).map((mode) =>
    startLoad({ port, mode, clients: CLIENTS, pause: PAUSE_MS }),
  );
  const stop = (): Promise<readonly LoadReport[]> => Promise.all(loads.map((load) => load.stop()));
  context.onTestFinished(async () => void (await stop()));
  const more = (): Promise<unknown> => Promise.all(loads.map((load) => load.more(10 * CLIENTS)));
  await more();
  const said = await strike();
  // A span of the trial, the same for both: what goes wrong afterwards counts too. Nothing is waited for.
  await sleep(NOTICED_AFTER);
  for (const load of loads) load.lap();
  await more();
  const isServing = loads.every((load) => load.lap().answered > 0);
  const reports = await stop();
  const slowest = `the slowest answer took ${(Math.max(...reports.map(({ latencyMs }) => latencyMs.max)) / 1000).toFixed(2)} s`;
  const result = [said, isServing ? SERVES : 'nothing serves any more', slowest].filter(Boolean).join(', ');
  return { result, requests: requestsOf(...reports) };
}

async function openEvenkeel(port: number): Promise<Peer> {
  const evenkeel = await Evenkeel.open(process.execPath, (dir: string) => ({
    web: { script: writeRelease(dir, server('1')), workers: WORKERS, listen: [port], env: { PORT: `${port}` } },
  }));
  const status = (): Promise<Status> => evenkeel.status();
  return {
    dir: evenkeel.dir,
    managerPid: async () => (await status()).manager.pid,
    workerPids: async () => (await status()).apps[0]?.workers.map(({ pid }) => pid ?? 0) ?? [],
    deploy: () => evenkeel.run('deploy', 'web'),
    start: () => evenkeel.run('start'),
    close: () => evenkeel.close(),
  };
}

async function openPm2(port: number): Promise<Peer> {
  // It is there once it has been installed.
  const { Pm2 } = await import('../../bench/contenders/pm2.mjs');
  const pm2 = await Pm2.open(process.execPath, (dir: string) => [
    {
      ...{ name: 'web', script: writeRelease(dir, server('1')), exec_mode: 'cluster', instances: WORKERS },
      env: { PORT: `${port}` },
    },
  ]);
  return {
    dir: pm2.dir,
    managerPid: async () => pm2.daemonPid,
    workerPids: async () => (await pm2.list()).map(({ pid }: { readonly pid: number }) => pid),
    deploy: () => pm2.run('reload', 'web'),
    start: () => pm2.run('start', 'ecosystem.config.json'),
    close: () => pm2.close(),
  };
}

/** A program that answers as `startLoad` wants it. */
function server(version: string): string {
  return `require('node:http')
  .createServer((_, response) => response.end(JSON.stringify({ version: '${version}', pid: process.pid })))
  .listen(Number(process.env.PORT));`;
}

function writeRelease(dir: string, text: string): string {
  const file = join(dir, 'app.cjs');
  writeFileSync(file, text);
  return file;
}

async function release(peer: Peer, text: string): Promise<string> {
  writeRelease(peer.dir, text);
  try {
    await peer.deploy();
    return 'exit code 0';
  } catch (error) {
    return /exit code \d+|killed by \w+/.exec(String(error))?.[0] ?? String(error);
  }
}
