import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type SocketPathRules, socketPath, socketPathLimit, stateLayout } from '../../src/platform/paths.ts';

const rules: SocketPathRules = { uid: 1000, runtimeDir: '/run/user/1000', limit: 107 };

function pathOf(bytes: number): string {
  return `/${'d'.repeat(bytes - 1)}`;
}

describe('socketPath', () => {
  it('keeps a path that fits', () => {
    expect(socketPath(pathOf(107), rules)).toBe(pathOf(107));
  });

  it('replaces a path that is one byte too long', () => {
    expect(socketPath(pathOf(108), rules)).toMatch(/^\/run\/user\/1000\/evenkeel-1000\/[0-9a-f]{32}\.sock$/);
  });

  it('counts bytes and not characters', () => {
    expect(socketPath(`/${'ü'.repeat(60)}`, rules)).toContain('/evenkeel-1000/');
  });

  it('gives the same short path for the same path, and another for another', () => {
    expect(socketPath(pathOf(200), rules)).toBe(socketPath(pathOf(200), rules));
    expect(socketPath(pathOf(200), rules)).not.toBe(socketPath(pathOf(201), rules));
  });

  it('gives a short path that fits on every system', () => {
    const short = socketPath(pathOf(4000), { uid: 4_294_967_294, runtimeDir: '/tmp', limit: 103 });
    expect(Buffer.byteLength(short)).toBeLessThanOrEqual(103);
  });

  it.each([
    ['linux', 107],
    ['darwin', 103],
  ] as const)('knows the limit of %s', (platform, limit) => {
    expect(socketPathLimit(platform)).toBe(limit);
  });
});

describe('stateLayout', () => {
  it('puts everything into the state directory', () => {
    const { app, ...layout } = stateLayout('/srv/shop/.evenkeel');
    expect(layout).toEqual({
      dir: '/srv/shop/.evenkeel',
      managerSocket: '/srv/shop/.evenkeel/manager.sock',
      managerPid: '/srv/shop/.evenkeel/manager.pid',
      managerLock: '/srv/shop/.evenkeel/manager.lock',
      stateFile: '/srv/shop/.evenkeel/state.json',
      managerLog: '/srv/shop/.evenkeel/manager.log',
      managerOut: '/srv/shop/.evenkeel/manager.out',
      apps: '/srv/shop/.evenkeel/apps',
    });
    expect(app('web')).toEqual({
      dir: '/srv/shop/.evenkeel/apps/web',
      socket: '/srv/shop/.evenkeel/apps/web/cluster.sock',
      agentsSocket: '/srv/shop/.evenkeel/apps/web/agents.sock',
      stateFile: '/srv/shop/.evenkeel/apps/web/cluster.json',
    });
  });

  it('gives each socket of a deep directory a short path of its own, and leaves the files where they belong', () => {
    const layout = stateLayout(pathOf(150));
    const [web, api] = [layout.app('web'), layout.app('api')];
    const sockets = [layout.managerSocket, web.socket, web.agentsSocket, api.socket, api.agentsSocket];
    expect(new Set(sockets).size).toBe(5);
    expect(new Set(sockets.map(dirname))).toEqual(new Set([dirname(layout.managerSocket)]));
    expect(web.stateFile).toBe(`${pathOf(150)}/apps/web/cluster.json`);
  });

  it('does not depend on the environment: a cron job finds the manager that a login shell started', () => {
    const saved = { XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR, TMPDIR: process.env.TMPDIR };
    const before = stateLayout(pathOf(150)).managerSocket;
    try {
      Object.assign(process.env, { XDG_RUNTIME_DIR: '/run/user/7', TMPDIR: '/elsewhere' });
      expect(stateLayout(pathOf(150)).managerSocket).toBe(before);
    } finally {
      for (const [name, value] of Object.entries(saved)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  });
});
