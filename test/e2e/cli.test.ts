// The command line as a contract: exit codes, what goes where, help, and --json that fits its schemas.

import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/core/plan.ts';
import { puppet, server } from '../support/apps.ts';
import { freePort } from '../support/free-port.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { MORE, tiers } from '../support/tiers.ts';

const SCHEMAS = new URL('../../schemas/', import.meta.url);
const NEEDS_MANAGER = [
  ['status'],
  ['reload'],
  ['deploy', 'web'],
  ['abort', 'web'],
  ['rollback', 'web'],
  ['restart', 'web'],
  ['scale', 'web=2'],
  ['events'],
  ['history', 'web'],
];

describe('without a manager', () => {
  for (const [rows, tier] of tiers(NEEDS_MANAGER.map((args) => [args.join(' '), args] as const)))
    test.each(rows)('%s exits 3 and starts nothing', tier, async (_name, args) => {
      await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
      const { code, stdout, stderr } = await rig.cli(...args);
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      expect(stderr).toMatch(/evenkeel start/);
      expect(readdirSync(rig.dir)).not.toContain('.evenkeel');
    });

  test('stop exits 3', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    expect((await rig.cli('stop')).code).toBe(3);
  });

  test('with --json the error is data', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    const { code, stdout, stderr } = await rig.cli('status', '--json');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'NO_MANAGER' } });
  });

  test('plan shows what start would do, and starts nothing', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    expect(await rig.json<Plan>('plan')).toMatchObject({ changes: [{ app: 'web', action: 'start' }] });
    expect((await rig.cli('status')).code).toBe(3);
  });

  test('logs reads the files', async () => {
    await using rig = await createRig({
      apps: { web: puppet({ env: { PORT: await freePort() }, logs: { stdout: 'web.log' } }) },
    });
    await rig.run('start');
    await (await rig.puppets.next()).print('before the end\n');
    await rig.run('stop');
    expect((await rig.run('logs')).stdout).toMatch(/web.*before the end$/m);
  });
});

describe('wrong usage exits 2 and says what is right', () => {
  const cases: readonly [string, readonly string[], RegExp][] = [
    ['an unknown command', ['strat'], /start/],
    ['an unknown option', ['status', '--jsno'], /--json/],
    ['a missing argument', ['deploy'], /app|--all/i],
    ['a scale without a number', ['scale', 'web'], /web=/],
    ['a scale that is not a number', ['scale', 'web=many'], /many/],
    ['a duration that is none', ['deploy', 'web', '--timeout', 'soon'], /soon/],
    ['an assignment that is none', ['deploy', 'web', '--env', 'NOVALUE'], /NAME=/],
    ['too many arguments', ['status', 'web', 'api', 'more'], /argument/],
    ['a config file that is not there', ['check', '--config', 'nowhere.yaml'], /nowhere\.yaml/],
    ['a profile that is not there', ['start', '--profile', 'prodcution'], /production/],
  ];
  test.each(cases)('%s', async (_what, args, says) => {
    await using rig = await createRig({
      apps: { web: server('http', await freePort()) },
      profiles: { production: {} },
    });
    const { code, stdout, stderr } = await rig.cli(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(says);
  });

  test('an app that is not there, with what was probably meant', MORE, async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    for (const args of [
      ['deploy', 'wbe'],
      ['restart', 'wbe'],
      ['scale', 'wbe=2'],
      ['stop', 'wbe'],
      ['status', 'wbe'],
      ['logs', 'wbe'],
      ['history', 'wbe'],
    ]) {
      const { code, stderr } = await rig.cli(...args);
      expect({ args, code }).toEqual({ args, code: 2 });
      expect(stderr).toMatch(/wbe/);
      expect(stderr).toMatch(/web/);
    }
  });
});

describe('help', () => {
  test('names every command, on stdout, and exits 0', async () => {
    await using rig = await createRig();
    for (const args of [['help'], ['--help'], ['-h']]) {
      const { code, stdout } = await rig.cli(...args);
      expect(code).toBe(0);
      for (const command of [
        'init',
        'check',
        'plan',
        'start',
        'reload',
        'deploy',
        'abort',
        'rollback',
        'restart',
        'scale',
        'stop',
        'status',
        'logs',
        'events',
        'history',
        'version',
      ]) {
        expect(stdout).toMatch(new RegExp(`^ +${command}\\b`, 'm'));
      }
    }
  });

  test('of a command has examples', async () => {
    await using rig = await createRig();
    const { code, stdout } = await rig.cli('help', 'deploy');
    expect(code).toBe(0);
    expect(stdout).toMatch(/evenkeel deploy \w+/);
    expect((await rig.cli('deploy', '--help')).stdout).toBe(stdout);
  });

  test('version and -V give the version', async () => {
    await using rig = await createRig();
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect((await rig.run('-V')).stdout.trim()).toBe(version);
    expect((await rig.run('version')).stdout).toContain(version);
  });
});

describe('init', () => {
  test('writes a config that check accepts, and never overwrites one', async () => {
    await using rig = await createRig({ configText: '', configFile: 'unrelated.txt' });
    rig.write('server.js', '');
    await rig.run('init');
    const written = rig.read('evenkeel.config.yaml');
    expect(written).toMatch(/^#/m);
    expect((await rig.cli('init')).code).not.toBe(0);
    expect(rig.read('evenkeel.config.yaml')).toBe(written);
  });
});

describe('--json', () => {
  test('of every command fits its schema', MORE, async () => {
    await using rig = await createRig({
      apps: { web: server('http', await freePort()), api: server('http', await freePort()) },
    });
    const outputs = new Map<string, readonly unknown[]>();
    const note = async (schema: string, ...args: readonly string[]): Promise<void> => {
      const { stdout } = await rig.run(...args, '--json');
      outputs.set(args.join(' '), [schema, ...parseLines(stdout)]);
    };
    await note('result', 'start');
    await note('status', 'status');
    await note('status', 'status', 'web');
    await note('plan', 'plan');
    await note('result', 'scale', 'web=1');
    await note('result', 'deploy', 'web', '--env', 'VERSION=2');
    await note('result', 'rollback', 'web');
    await note('result', 'restart', 'api');
    await note('result', 'reload');
    await note('history', 'history', 'web');
    await note('event', 'events', '-n', '50');
    await note('result', 'stop', 'api');
    const ajv = new Ajv({ strict: false, allErrors: true, schemas: readSchemas() });
    for (const [command, [schema, ...documents]] of outputs) {
      const validate = ajv.getSchema(`${schema}.schema.json`);
      if (validate === undefined) throw new Error(`No schema '${schema}'`);
      expect(documents.length).toBeGreaterThan(0);
      for (const document of documents) {
        const fits = validate(document) === true;
        expect({ command, fits, document }).toEqual({ command, fits: true, document });
      }
    }
  });
});

describe('output', MORE, () => {
  test('without a terminal is plain lines without colours, results on stdout', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    const { stdout, stderr } = await rig.run('start');
    expect(stdout + stderr).not.toContain('\u001b');
    expect(stdout).toMatch(/web/);
    const status = await rig.run('status');
    expect(status.stdout).toMatch(/web.*online/);
    expect(status.stderr).toBe('');
  });

  test('status shows every worker, and of one app only that', async () => {
    await using rig = await createRig({
      apps: { web: server('http', await freePort()), api: server('http', await freePort()) },
    });
    await rig.run('start');
    const all = (await rig.run('status')).stdout;
    expect(all).toMatch(/web/);
    expect(all).toMatch(/api/);
    for (const pid of await rig.pids('web')) expect((await rig.run('status', 'web')).stdout).toContain(String(pid));
    expect((await rig.run('status', 'web')).stdout).not.toMatch(/api/);
  });

  test('status --watch shows what changes until Ctrl-C', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    const watch = rig.spawnCli(['status', '--watch']);
    await watch.waitForLine(/web.*online/);
    await rig.run('stop', 'web');
    await watch.waitForLine(/web.*stopped/);
    watch.kill('SIGINT');
    expect([0, 130]).toContain((await watch.ended).code);
  });

  test('events -f shows what happens, as lines and as NDJSON', async () => {
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() } }) } });
    await rig.run('start');
    const lines = rig.spawnCli(['events', '-f']);
    const data = rig.spawnCli(['events', '-f', '--json']);
    await lines.waitForLine(/web/);
    await data.waitForLine(/"app":"web"/);
    await rig.run('scale', 'web=2');
    await lines.waitForLine(/web.*1.*2/);
    expect(JSON.parse(await data.waitForLine(/"type":"scaled"/))).toMatchObject({ app: 'web', from: 1, to: 2 });
    for (const child of [lines, data]) {
      child.kill('SIGINT');
      await child.ended;
    }
  });

  test('a pipe that is closed early is not an error', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    const child = rig.spawnCli(['events', '-f']);
    await child.waitForLine(/web/);
    child.hangUp();
    await rig.run('scale', 'web=1');
    expect((await child.ended).stderr).toBe('');
  });
});

describe('config of another place', MORE, () => {
  test.each([
    ['--config', (rig: Rig) => ({ args: ['--config', rig.path('shop/evenkeel.config.yaml')], env: {} })],
    ['EVENKEEL_CONFIG', (rig: Rig) => ({ args: [], env: { EVENKEEL_CONFIG: rig.path('shop/evenkeel.config.yaml') } })],
  ] as const)('%s', async (_name, where) => {
    await using rig = await createRig({
      configFile: 'shop/evenkeel.config.yaml',
      apps: { web: server('http', await freePort()) },
    });
    const { args, env } = where(rig);
    for (const command of ['start', 'status', 'stop']) {
      const { code, stderr } = await rig.spawnCli([command, ...args], { cwd: '/', env }).ended;
      expect({ command, code, stderr: code === 0 ? '' : stderr }).toEqual({ command, code: 0, stderr: '' });
    }
  });
});

function readSchemas(): object[] {
  const files = readdirSync(SCHEMAS).filter((name) => name.endsWith('.schema.json'));
  return files.map((name) => JSON.parse(readFileSync(new URL(name, SCHEMAS), 'utf8')) as object);
}

/** One document, or one a line. */
function parseLines(text: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  }
}
