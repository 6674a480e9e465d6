// Values of variables, env files and secret files reach the apps, and nothing that evenkeel says or writes for people.
//
// @module-tag more

import { chmodSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { askApi } from '../support/api-client.ts';
import { puppet, server } from '../support/apps.ts';
import type { CliResult } from '../support/cli-process.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { processesOf } from '../support/process-table.ts';
import { type AppConfig, createRig, type Rig } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';

const SECRETS = {
  variable: 'hunter2-of-a-variable',
  env: 'hunter2-of-env',
  envFile: 'hunter2-of-an-env-file',
  file: 'hunter2-of-a-file',
  option: 'hunter2-of-an-option',
};

const variable = '$'.concat('{DB_PASSWORD}');

/** Runs commands with the variable set, and keeps all that they say. */
class Listener {
  readonly #rig: Rig;
  readonly #said: string[] = [];

  constructor(rig: Rig) {
    this.#rig = rig;
  }

  async cli(...args: readonly string[]): Promise<CliResult> {
    const result = await this.#rig.spawnCli(args, { env: { DB_PASSWORD: SECRETS.variable } }).ended;
    this.#said.push(`$ evenkeel ${args[0]}\n${result.stdout}${result.stderr}`);
    return result;
  }

  async api(path: string): Promise<void> {
    this.#said.push(`GET ${path}\n${(await askApi(this.#rig.state.managerSocket, { path })).text}`);
  }

  /** Whatever was said or written with a secret in it, with its first line. */
  leaks(): readonly string[] {
    const { managerLog, managerOut } = this.#rig.state;
    const files = [managerLog, managerOut].map((file) => `${file}\n${readFileSync(file, 'utf8')}`);
    // What a hook or a worker is called with is the config's own choice.
    const titles = processesOf(this.#rig.dir).filter(({ command }) =>
      /^evenkeel |dist\/(manager|cluster)/.test(command),
    );
    const all = [...this.#said, ...files, ...titles.map(({ command }) => command)];
    return all.flatMap((text) => {
      const [first = '', ...rest] = text.split('\n');
      return [first, ...rest].filter((line) => line.includes('hunter2')).map((line) => `${first}: ${line}`);
    });
  }
}

const FILES = { '.env': `FROM_FILE=${SECRETS.envFile}\n`, key: `${SECRETS.file}\n` };

function secretive(port: number, more: AppConfig = {}): AppConfig {
  const url = `http://me:${variable}@127.0.0.1:${port}/healthz?token=${variable}`;
  return {
    ...server('http', port, { workers: 1, listen: [port] }),
    ...{ envFile: '.env', args: [`--password=${variable}`] },
    env: { PORT: port, VERSION: '1', DB: variable, PLAIN: SECRETS.env, KEY: { file: 'key' } },
    ready: { on: 'http', url },
    health: { http: url, interval: '1h' },
    deploy: { settle: '100ms', before: [['/bin/sh', '-c', 'echo migrating', variable]] },
    hooks: { beforeFork: [['/bin/sh', '-c', 'true', variable]] },
    ...more,
  };
}

test('no secret shows in what commands print, in events, history or logs of evenkeel’s, or in titles', async () => {
  const port = await freePort();
  await using rig = await createRig({ files: FILES, apps: { web: secretive(port) } });
  const listener = new Listener(rig);
  expect(await listener.cli('start')).toMatchObject({ code: 0 });
  expect(await listener.cli('deploy', 'web', '--env', `OPTION=${SECRETS.option}`)).toMatchObject({ code: 0 });
  rig.editApp('web', { args: [variable, variable], health: { http: `/other?${variable}` }, cwd: variable });
  // There is no such folder: that is a problem of the config.
  for (const command of ['check', 'plan', 'reload']) expect(await listener.cli(command)).toMatchObject({ code: 2 });
  rig.editApp('web', { cwd: '.' });
  const plan = await listener.cli('plan');
  expect(plan.stdout).toMatch(/args changed/);
  await listener.cli('plan', '--json');
  expect(await listener.cli('reload')).toMatchObject({ code: 0 });
  rig.editApp('web', { deploy: { before: [['/bin/sh', '-c', 'exit 3', variable]] } });
  expect(await listener.cli('reload')).toMatchObject({ code: 0 });
  const failed = await listener.cli('deploy', 'web');
  expect(failed).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('hook deploy.before[0] exited with code 3'),
  });
  expect(await listener.cli('rollback', 'web', '--to', '1')).toMatchObject({ code: 0 });
  await listener.cli('deploy', 'web', '--json');
  for (const command of ['status', 'events', 'history', 'plan']) {
    const operands = command === 'history' ? ['web'] : [];
    await listener.cli(command, ...operands);
    await listener.cli(command, ...operands, '--json');
  }
  for (const path of ['status', 'events?n=1000', 'plan', 'apps/web/history', 'apps/web/spec'])
    await listener.api(`/v1/${path}`);
  expect(listener.leaks()).toEqual([]);
  // They are there, for whoever asks.
  const { stdout } = await rig.run('history', 'web', '--json', '--show-env');
  for (const secret of Object.values(SECRETS)) expect(stdout).toContain(secret);
  expect((await rig.run('history', 'web', '--show-env')).stdout).toContain(`KEY=${SECRETS.file}`);
});

test('no secret shows when health checks fail, or a program cannot be started', LONG, async () => {
  const [port, other, dead] = [await freePort(), await freePort(), await freePort()];
  const health = { interval: '100ms', failures: 1 };
  const url = `http://me:${variable}@127.0.0.1:${port}/healthz?token=${variable}`;
  await using rig = await createRig({
    apps: {
      web: puppet({ env: { PORT: port }, listen: [port], health: { http: url, ...health } }),
      api: puppet({ env: { PORT: other }, health: { http: `/healthz?token=${variable}`, ...health } }),
      lost: {
        ...{ command: ['tool', variable], env: { PATH: `/bin:/${variable}:.` }, workers: 1 },
        ...{ hooks: { beforeFork: [['/bin/rm', '-f', 'tool']] }, ready: { on: 'delay', delay: '1s' } },
      },
      silent: { ...puppet(), script: 'a.mjs', ready: { on: 'log', pattern: variable, timeout: '300ms' } },
      deaf: {
        ...puppet(),
        script: 'a.mjs',
        ready: { on: 'http', url: url.replace(`:${port}`, `:${dead}`), timeout: '300ms' },
      },
      unhooked: { script: 'a.mjs', deploy: { before: [[`/${variable}`, variable]] } },
    },
    files: { 'a.mjs': 'setInterval(() => {}, 1e9);', tool: '' },
  });
  chmodSync(rig.path('tool'), 0o755);
  const listener = new Listener(rig);
  const starting = listener.cli('start');
  const puppets = [await rig.puppets.next(), await rig.puppets.next()];
  expect(await starting).toMatchObject({ code: 1 });
  const events = await rig.events();
  for (const sick of puppets) await sick.health(500);
  await eventually('both are to be replaced', () => {
    return puppets.every(({ pid }) => events.all.some((event) => event.type === 'worker-recycle' && event.pid === pid));
  });
  const told = (await listener.cli('events', '-n', '1000')).stdout;
  expect(told).toContain(`failed 1 health checks: GET http://127.0.0.1:${port}/healthz answered 500`);
  expect(told).toContain('failed 1 health checks: GET /healthz answered 500');
  expect(told).toContain('there is no program "tool" in the app\'s PATH');
  expect(told).toContain('it has not written a line that matches ready.pattern');
  expect(told).toMatch(/deaf: .*not ready within 300 ms/);
  expect(told).toContain('hook deploy.before[0] could not be started: there is no such program (ENOENT)');
  expect(listener.leaks()).toEqual([]);
});
