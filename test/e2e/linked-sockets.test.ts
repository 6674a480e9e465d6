// Declared unix sockets of apps whose folder is reached through a link.
//
// @module-tag more

import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { request } from 'node:http';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { release } from '../support/releases.ts';
import { createRig, fixture, type Rig } from '../support/rig.ts';

/** What answers. */
function ask(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, agent: false }, (response) => resolve(text(response)));
    asked.on('error', reject).end();
  });
}

const SERVER = `
const fs = require('node:fs');
const { SOCKET } = process.env;
if (fs.existsSync(SOCKET)) fs.unlinkSync(SOCKET);
const version = require('node:path').basename(process.cwd());
const server = require('node:http').createServer((_, response) => response.end(JSON.stringify({ version, pid: process.pid })));
server.listen(SOCKET);
`;

const RELEASES = { 'releases/1/server.js': SERVER, 'releases/2/server.js': SERVER };

/** `path`: of the socket, in the app's folder. */
async function createReleases(path: string): Promise<Rig> {
  const web = { script: 'server.js', cwd: 'current', listen: [path], env: { SOCKET: path }, ready: { timeout: '10s' } };
  const apps = { web: { ...web, workers: 2, deploy: { settle: '100ms' } } };
  const rig = await createRig({ apps, files: RELEASES });
  release(rig, 1);
  return rig;
}

describe('deploys of releases behind a link, which remove the socket and listen on a relative path, lose no request', () => {
  test.each([
    { place: 'in the release itself', path: './app.sock', found: 'releases/1/app.sock' },
    { place: 'in a folder that all releases share', path: './run/app.sock', found: 'current/run/app.sock' },
  ])('$place', async ({ path, found }) => {
    await using rig = await createReleases(path);
    mkdirSync(rig.path('run'));
    for (const number of ['1', '2']) symlinkSync('../../run', rig.path('releases', number, 'run'));
    await rig.run('start');
    const load = rig.load({ socketPath: rig.path(found), clients: 4 });
    await load.sees('1');
    for (const number of [2, 1] as const) {
      release(rig, number);
      await rig.run('deploy', 'web');
      // Answers of the old workers may be on their way.
      await load.more(50);
      load.lap();
      await load.more(50);
      expect(Object.keys(load.lap().versions)).toEqual([`${number}`]);
    }
    const { failures } = await load.stop();
    expect(failures).toEqual([]);
    // Workers come back where their generation is, wherever the link leads.
    release(rig, 2);
    const [pid] = await rig.pids('web');
    await rig.kill9(pid ?? 0);
    await rig.appWhere('web', 'is whole again', ({ ready, workers }) => {
      return ready === 2 && !workers.some((worker) => worker.pid === pid);
    });
  });
});

test('a project that is reached through a link', async () => {
  const web = { script: fixture('unlinks.mjs'), listen: ['./app.sock'], env: { SOCKET: './app.sock' } };
  await using rig = await createRig({ nested: 'project', apps: { web } });
  const link = `${dirname(rig.dir)}/link`;
  symlinkSync('project', link);
  await rig.run('-c', `${link}/evenkeel.config.yaml`, 'start');
  expect(await ask(rig.path('app.sock'))).toBe('1');
  await rig.run('deploy', 'web');
  expect(await ask(`${link}/app.sock`)).toBe('2');
  await rig.run('stop');
  expect(existsSync(rig.path('app.sock'))).toBe(false);
});
