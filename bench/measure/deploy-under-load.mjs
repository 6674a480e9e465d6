// Rows 3 and 4: a new release of an app that boots in a second, under load.
//
// A contender gives { port, release(), deploy(), close() }; `release(version)` puts the new code there.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../examples/shop/demo/free-ports.mjs';
import { startLoad, versionOf } from '../../examples/shop/load.mjs';
import { BareCluster } from '../contenders/bare-cluster.mjs';
import { Evenkeel } from '../contenders/evenkeel.mjs';
import { Pm2 } from '../contenders/pm2.mjs';
import { Wattpm } from '../contenders/wattpm.mjs';
import { SLOW_BOOT } from './apps.mjs';
import { using } from './using.mjs';

/** Enough to show every lost request, and not so many that the load itself takes the CPU from the new workers. */
const CLIENTS = 8;
const MODES = ['keep-alive', 'close'];
/** Before the deploy. */
const WARM_UP = 200;
/** Requests are counted for so long from the command on, and until it has returned and as many more are through. */
const WATCHED = 6_000;

/**
 * Gives { keepAliveP99, closeP99, failed, onlyNew, returned }, in milliseconds but for `failed`. `onlyNew`: from the
 * command to the last answer of the old release; `returned`: to the end of the command.
 */
export async function measureDeploy(context, open, workers) {
  const [port] = await freePorts(1);
  return using(
    () => open({ node: context.node, port, workers }),
    async (subject) => {
      let newest = '1';
      let lastOld = 0;
      const check = (body) => {
        const version = versionOf(body);
        if (version !== newest) lastOld = performance.now();
        return version;
      };
      const loads = MODES.map((mode) => startLoad({ port, clients: CLIENTS, mode, check }));
      try {
        await Promise.all(loads.map((load) => load.more(WARM_UP)));
        newest = '2';
        release(subject.dir, newest);
        for (const load of loads) load.lap();
        const started = performance.now();
        await subject.deploy();
        const returned = performance.now() - started;
        await sleep(WATCHED - returned);
        await Promise.all(loads.map((load) => load.more(WARM_UP)));
        const [keepAlive, close] = loads.map((load) => load.lap());
        return {
          keepAliveP99: keepAlive.latencyMs.p99,
          closeP99: close.latencyMs.p99,
          failed: keepAlive.failed + close.failed,
          onlyNew: lastOld - started,
          returned,
        };
      } finally {
        await Promise.all(loads.map((load) => load.stop()));
      }
    },
  );
}

/** `settle`: as in the config. */
export function openEvenkeel(settle) {
  return async ({ node, port, workers }) => {
    const evenkeel = await Evenkeel.open(node, (dir) => {
      release(dir, '1');
      return { web: { script: SLOW_BOOT, workers, listen: [port], env: envOf(dir, port), deploy: { settle } } };
    });
    return deployable(evenkeel, () => evenkeel.run('deploy', 'web'));
  };
}

/** `graceful`: the app ends its server at PM2's signal. */
export function openPm2(graceful) {
  return async ({ node, port, workers }) => {
    const pm2 = await Pm2.open(node, (dir) => {
      release(dir, '1');
      const env = { ...envOf(dir, port), ...(graceful ? { GRACEFUL: 'SIGINT' } : {}) };
      return [{ name: 'web', script: SLOW_BOOT, exec_mode: 'cluster', instances: workers, env }];
    });
    return deployable(pm2, () => pm2.run('reload', 'web'));
  };
}

export async function openWattpm({ node, port, workers }) {
  const env = (dir) => {
    release(dir, '1');
    return envOf(dir, port);
  };
  const wattpm = await Wattpm.open(node, { script: SLOW_BOOT, workers, port, env });
  return deployable(wattpm, () => wattpm.run('restart'));
}

export async function openBare({ node, port, workers }) {
  const env = (dir) => {
    release(dir, '1');
    return { ...envOf(dir, port), GRACEFUL: 'SIGTERM' };
  };
  const bare = await BareCluster.open(node, { script: SLOW_BOOT, workers, env });
  return deployable(bare, () => bare.deploy());
}

function deployable(contender, deploy) {
  return { dir: contender.dir, deploy, close: () => contender.close() };
}

function envOf(dir, port) {
  return { PORT: String(port), RELEASE_FILE: releaseFile(dir) };
}

function release(dir, version) {
  writeFileSync(releaseFile(dir), version);
}

function releaseFile(dir) {
  return join(dir, 'release');
}
