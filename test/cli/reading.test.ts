// The commands that only read: what they show, and that they find a manager without reading the config.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { writeStateFile } from '../../src/platform/state-file.ts';
import { tempDir } from '../support/temp-dir.ts';
import { FakeManager } from './support/fake-manager.ts';
import { appSpec, ecosystem, fakeLoader } from './support/fake-programs.ts';
import { folderWithConfig, run, startCli } from './support/run.ts';
import * as samples from './support/samples.ts';

const progress = {
  generation: 4,
  phase: 'booting' as const,
  startedAt: '2025-12-31T23:59:58.000Z',
  ready: 1,
  desired: 2,
};
const status = samples.statusOf(
  samples.appStatus({ deploy: progress, state: 'deploying' }),
  samples.appStatus({ name: 'api', drift: true }),
  samples.appStatus({ name: 'old', state: 'stopped', desired: 0, ready: 0, workers: [], clusterPid: null }),
);

async function withManager(
  replies: ConstructorParameters<typeof FakeManager>[0],
): Promise<{ cwd: string; manager: FakeManager }> {
  const cwd = folderWithConfig();
  return { cwd, manager: await new FakeManager(replies).listen(cwd) };
}

describe('status', () => {
  it('shows a row for each app', async () => {
    const { cwd } = await withManager({ 'GET /v1/status': { json: status } });
    const { code, out, err } = await run(['status'], { cwd });
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n').map((line) => line.replace(/ {2,}/g, '  '))).toEqual([
      'shop  manager 9.8.7, pid 4321, up 3 h, /srv/shop/evenkeel.config.yaml',
      'app  state  generation  ready  restarts  cpu  memory  connections  requests  note',
      'web  deploying  3  2/2  0  20%  100 M  8  200  generation 4 booting, 1 of 2 ready',
      'api  online  3  2/2  0  20%  100 M  8  200  changed by a command: see `evenkeel plan`',
      'old  stopped  3  0/0  -  -  -  -  -',
      '',
    ]);
  });

  it('says who retires in a deploy: not the new generation', async () => {
    const deploy = { ...progress, phase: 'retiring' as const, ready: 2 };
    const app = samples.appStatus({ deploy, state: 'deploying' });
    const { cwd } = await withManager({ 'GET /v1/status': { json: samples.statusOf(app) } });
    const text = 'generation 4 serves, the old workers retire';
    expect((await run(['status'], { cwd })).out).toContain(`  ${text}\n`);
    expect((await run(['status', 'web'], { cwd })).out).toContain(`\ndeploy: ${text}, for 2 s\n`);
  });

  it('has no number for an app of which no generation has ever served', async () => {
    const fresh = samples.appStatus({ generation: 0, state: 'stopped', desired: 0, ready: 0, workers: [] });
    const { cwd } = await withManager({ 'GET /v1/status': { json: samples.statusOf(fresh) } });
    expect((await run(['status'], { cwd })).out).toMatch(/^web +stopped +- +0\/0/m);
    expect((await run(['status', 'web'], { cwd })).out).toMatch(/^web {2}stopped {2}no generation yet, 0 of 0 ready$/m);
  });

  it('shows the workers of one app, and asks for no other', async () => {
    const worker = samples.workerStatus({
      slot: 1,
      pid: null,
      state: 'backoff',
      startedAt: null,
      rss: null,
      cpu: null,
    });
    const lastDeploy = {
      generation: 3,
      outcome: 'failed' as const,
      reason: 'deploy: died',
      startedAt: '2025-12-31T23:00:00.000Z',
      durationMs: 900,
    };
    const app = samples.appStatus({ workers: [samples.workerStatus(), worker], lastDeploy });
    const { cwd, manager } = await withManager({ 'GET /v1/status': { json: samples.statusOf(app) } });
    const { out } = await run(['status', 'web'], { cwd });
    expect(manager.lines).toEqual(['GET /v1/status?app=web']);
    expect(out.split('\n').map((line) => line.trim().replace(/ {2,}/g, '  '))).toEqual([
      'web  online  generation 3, 2 of 2 ready',
      'last deploy: generation 3 failed 1 h ago: deploy: died',
      'worker  state  pid  generation  up  restarts  cpu  memory  connections  requests',
      '0  ready  100  3  1 h  0  10%  50 M  4  100',
      '1  backoff  -  3  -  0  -  -  4  100',
      '',
    ]);
  });

  it('leaves out what matters least where the terminal is narrow, and nothing elsewhere', async () => {
    const online = samples.statusOf(samples.appStatus({ name: 'a-name-of-22-characters' }));
    const { cwd } = await withManager({ 'GET /v1/status': { json: online } });
    const header = async (columns: number, isTTY = true) => {
      const { out } = await run(['status', '--no-color'], { cwd, isTTY, columns });
      return (out.split('\n')[1] ?? '').trim().split(/ +/);
    };
    const all = ['app', 'state', 'generation', 'ready', 'restarts', 'cpu', 'memory', 'connections', 'requests'];
    expect(await header(100)).toEqual(all);
    expect(await header(80)).toEqual(all.slice(0, 7));
    expect(await header(50)).toEqual(all.slice(0, 4));
    expect(await header(50, false)).toEqual(all);
  });

  it('ends no line in a cell that is only colour', async () => {
    const { cwd } = await withManager({ 'GET /v1/status': { json: status } });
    const { out } = await run(['status'], { cwd, isTTY: true, columns: 200 });
    for (const line of out.split('\n')) expect(stripVTControlCharacters(line)).not.toMatch(/ $/);
  });

  it('--json gives the answer as it is', async () => {
    const { cwd } = await withManager({ 'GET /v1/status': { json: status } });
    const { code, out } = await run(['status', '--json'], { cwd });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(status);
  });

  it('passes on what the manager refuses, with its exit code', async () => {
    const error = { code: 'NO_SUCH_APP', message: 'there is no app named "nope"', hint: 'Known apps: web.' };
    const { cwd } = await withManager({ 'GET /v1/status': { status: 404, json: { error } } });
    expect(await run(['status', 'nope'], { cwd })).toEqual({
      code: 2,
      out: '',
      err: 'error: there is no app named "nope"\nhint: Known apps: web.\n',
    });
    expect(JSON.parse((await run(['status', 'nope', '--json'], { cwd })).err)).toEqual({ error });
  });

  it('does not trust an answer that is none', async () => {
    const { cwd } = await withManager({ 'GET /v1/status': { json: { hello: 1 } } });
    expect(await run(['status'], { cwd })).toMatchObject({ code: 1, out: '' });
  });

  it('--watch shows it again and again until nobody reads', async () => {
    const { cwd } = await withManager({ 'GET /v1/status': { json: status } });
    const closed = new AbortController();
    const running = startCli(['status', '--watch', '--json'], { cwd, outputClosed: closed.signal });
    const line = `${JSON.stringify(status)}\n`;
    await running.wrote(`${line}${line}`);
    closed.abort();
    expect(await running.done).toMatchObject({ code: 0, err: '' });
  });
});

describe('where no manager runs', () => {
  const commands = [
    ['status'],
    ['reload'],
    ['deploy', 'web'],
    ['abort', 'web'],
    ['rollback', 'web'],
    ['restart', 'web'],
    ['scale', 'web=2'],
    ['stop'],
    ['history', 'web'],
    ['events'],
    ['events', '-f'],
  ];

  it.each(commands)('%s %s says what to do and exits with 3', async (...args) => {
    const cwd = folderWithConfig();
    const program = () => fakeLoader({ ok: true, ecosystem: ecosystem(cwd) });
    const { code, out, err } = await run(
      args.filter((arg) => arg !== undefined),
      { cwd, program },
    );
    expect([code, out]).toEqual([3, '']);
    const start = '`evenkeel start` starts one and brings the apps up.';
    const hint = args[0] === 'stop' ? 'There is nothing to stop.' : start;
    expect(err).toBe(`error: no manager is running\nhint: ${hint}\n`);
  });

  it.each(commands)('%s %s exits with 2 where there is no config either', async (...args) => {
    const { code, err } = await run(
      args.filter((arg) => arg !== undefined),
      { cwd: tempDir() },
    );
    expect(code).toBe(2);
    expect(err).toContain('there is no evenkeel config in ');
  });

  it.each(['json', 'yaml', 'yml', 'js', 'ts'])(
    'a file evenkeel.%s is no config, and the hint says what is',
    async (ending) => {
      const cwd = tempDir();
      writeFileSync(join(cwd, `evenkeel.${ending}`), '{}');
      const { code, err } = await run(['status'], { cwd });
      expect(code).toBe(2);
      expect(err).toContain(`evenkeel.${ending} is there, but is not a name that is looked for`);
      expect(err).toContain(`did you mean evenkeel.config.${ending}?`);
    },
  );

  it('a config that was named but is not there is a mistake', async () => {
    const { code, err } = await run(['status', '-c', 'nope.yaml'], { cwd: tempDir() });
    expect(code).toBe(2);
    expect(err).toContain('nope.yaml');
  });

  it('a broken config is not the reason that is given', async () => {
    const cwd = folderWithConfig();
    const program = () => fakeLoader({ ok: false, error: { code: 'CONFIG_INVALID', message: 'bad', hint: null } });
    expect((await run(['status'], { cwd, program })).code).toBe(3);
  });

  it('but for one that was named: it may be the wrong file', async () => {
    const cwd = folderWithConfig();
    writeFileSync(join(cwd, 'server.js'), '');
    const program = () => fakeLoader({ ok: false, error: { code: 'CONFIG_INVALID', message: 'bad', hint: null } });
    const { code, err } = await run(['status', '-c', 'server.js'], { cwd, program });
    expect(code).toBe(3);
    expect(err).toContain('no manager is running for server.js, which is no valid config');
    expect(err).toContain('`evenkeel check --config server.js`');
  });
});

describe('finding the manager', () => {
  it('does not need the config to be readable', async () => {
    const { cwd } = await withManager({ 'GET /v1/status': { json: status } });
    writeFileSync(join(cwd, 'evenkeel.config.yaml'), '{{{');
    expect((await run(['status'], { cwd, program: () => '/nowhere' })).code).toBe(0);
  });

  it('does not need the config to be there', async () => {
    const { cwd } = await withManager({ 'GET /v1/status': { json: status } });
    rmSync(join(cwd, 'evenkeel.config.yaml'));
    expect((await run(['status'], { cwd })).code).toBe(0);
  });

  it.each([
    ['--config', (file: string) => ({ args: ['-c', file], env: {} })],
    ['EVENKEEL_CONFIG', (file: string) => ({ args: [], env: { EVENKEEL_CONFIG: file } })],
  ])('goes by %s', async (_name, given) => {
    const { cwd } = await withManager({ 'GET /v1/status': { json: status } });
    const { args, env } = given(join(cwd, 'evenkeel.config.yaml'));
    expect((await run(['status', ...args], { cwd: tempDir(), env })).code).toBe(0);
  });

  it('asks the config for its state directory where nothing else tells it', async () => {
    const { cwd: elsewhere } = await withManager({ 'GET /v1/status': { json: status } });
    const cwd = folderWithConfig();
    const spec = { ...ecosystem(cwd), stateDir: join(elsewhere, '.evenkeel') };
    expect((await run(['status'], { cwd, program: () => fakeLoader({ ok: true, ecosystem: spec }) })).code).toBe(0);
  });

  it('leaves the manager of another config in the same folder alone', async () => {
    const { cwd } = await withManager({ 'GET /v1/status': { json: status } });
    writeFileSync(join(cwd, '.evenkeel', 'config.path'), join(cwd, 'evenkeel.config.yaml'));
    writeFileSync(join(cwd, 'other.yaml'), 'apps: {}\n');
    const program = () => fakeLoader({ ok: true, ecosystem: { ...ecosystem(cwd), stateDir: join(cwd, 'other') } });
    expect((await run(['status'], { cwd, program })).code).toBe(0);
    expect((await run(['status', '-c', 'other.yaml'], { cwd, program })).code).toBe(3);
  });
});

describe('plan', () => {
  it('shows each change with its reasons', async () => {
    const { cwd } = await withManager({ 'GET /v1/plan': { json: samples.samplePlan } });
    expect(await run(['plan'], { cwd })).toEqual({
      code: 0,
      out: [
        '~ web  deploy      env.PORT changed',
        '                   workers 2 → 4',
        '  api  unchanged',
        '- old  stop        removed from the config',
        '! web: balance changed; takes effect at `evenkeel restart web`',
        '',
      ].join('\n'),
      err: '',
    });
    expect(JSON.parse((await run(['plan', '--json'], { cwd })).out)).toEqual(samples.samplePlan);
  });

  it('says so when there is nothing to do', async () => {
    const changes = [{ app: 'web', action: 'none', reasons: [], keys: [] }];
    const { cwd } = await withManager({ 'GET /v1/plan': { json: { changes, notices: [] } } });
    expect((await run(['plan'], { cwd })).out).toBe('nothing to do\n');
  });

  it('without a manager it is what a start would do', async () => {
    const cwd = folderWithConfig();
    const program = () => fakeLoader({ ok: true, ecosystem: ecosystem(cwd, appSpec('web')) });
    const { code, out } = await run(['plan'], { cwd, program });
    expect(code).toBe(0);
    expect(out).toBe(
      '+ web  start       added to the config\n! no manager is running: this is what `evenkeel start` would do\n',
    );
  });

  it('shows every problem of an invalid config and exits with 2', async () => {
    const problem = {
      file: '/x/evenkeel.config.yaml',
      line: 3,
      column: 5,
      path: 'apps.web',
      message: 'is wrong',
      hint: 'mend it',
    };
    const error = { code: 'CONFIG_INVALID', message: 'the config has 1 problem', hint: null, problems: [problem] };
    const { cwd } = await withManager({ 'GET /v1/plan': { status: 422, json: { error } } });
    expect(await run(['plan'], { cwd })).toEqual({
      code: 2,
      out: '',
      err: '/x/evenkeel.config.yaml:3:5: apps.web: is wrong\n  hint: mend it\nerror: the config has 1 problem\n',
    });
  });
});

describe('history', () => {
  const spec = appSpec('web', { env: { SECRET: 'hunter2' } });
  const pinned = { generation: 3, spec, realCwd: '/srv', realScript: '/srv/server.js' };
  const generations = [
    samples.historyEntry({ generation: 2, outcome: 'failed', current: false, reason: 'deploy: died' }),
    samples.historyEntry({ pinned }),
  ];

  it('shows the newest generation first, and marks the one that serves', async () => {
    const { cwd, manager } = await withManager({ 'GET /v1/apps/web/history': { json: { app: 'web', generations } } });
    const { code, out } = await run(['history', 'web'], { cwd });
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.replace(/ {2,}/g, '  '))).toEqual([
      '  generation  when  outcome  took  why  loss',
      '*  3  2026-01-01 00:00:00Z  done  900 ms  deploy  drained 2 requests, cut 0, killed 0',
      '  2  2026-01-01 00:00:00Z  failed  900 ms  deploy: died',
      '',
    ]);
    expect(manager.lines).toEqual(['GET /v1/apps/web/history']);
    expect(out).not.toContain('hunter2');
  });

  it.each([
    ['folders', ['/srv/shop/r10', '/srv/shop/r10/a.js'], ['/srv/shop/r2', '/srv/shop/r2/a.js'], ['r10', 'r2']],
    ['scripts', ['/srv', '/srv/a.js'], ['/srv', '/srv/new/a.js'], ['a.js', 'new/a.js']],
    ['folders, which share none', ['/home/shop', '/home/shop/a.js'], ['/srv', '/srv/a.js'], ['/home/shop', '/srv']],
  ] as const)('names those %s in which releases differ, without what they share', async (_kind, old, now, names) => {
    const [first, second] = [old, now].map(([realCwd, realScript], index) => {
      const generation = index + 1;
      return samples.historyEntry({
        generation,
        pinned: { generation, spec, realCwd, realScript },
        current: index === 1,
      });
    });
    const failed = samples.historyEntry({ generation: 3, outcome: 'failed', current: false });
    const json = { app: 'web', generations: [first, second, failed] };
    const { cwd } = await withManager({ 'GET /v1/apps/web/history': { json } });
    const [head, ...rows] = (await run(['history', 'web'], { cwd })).out.trimEnd().split('\n');
    const column = head?.indexOf('release') ?? 0;
    const shown = rows.map((row) => row.slice(column, row.indexOf('deploy')).trim());
    expect(shown.toReversed()).toEqual([...names, '']);
  });

  it('cuts a reason that is too long for a table', async () => {
    const long = [samples.historyEntry({ reason: `deploy ${'--env NAME '.repeat(20)}` })];
    const { cwd } = await withManager({ 'GET /v1/apps/web/history': { json: { app: 'web', generations: long } } });
    const { out } = await run(['history', 'web'], { cwd });
    expect(out).toMatch(/ deploy --env NAME [A-Z- envNAM]{40,60}… /);
    expect(JSON.parse((await run(['history', 'web', '--json'], { cwd })).out).generations).toEqual(long);
  });

  it('says of the first generation nothing of what was drained: there was nothing', async () => {
    const loss = { finished: 0, cut: 0, killed: 0 };
    const both = [
      samples.historyEntry({ generation: 1, reason: 'start', current: false, loss }),
      samples.historyEntry({ generation: 2, loss }),
    ];
    const { cwd } = await withManager({ 'GET /v1/apps/web/history': { json: { app: 'web', generations: both } } });
    const { out } = await run(['history', 'web'], { cwd });
    const [, second, first] = out.split('\n');
    expect(second).toMatch(/deploy +drained 0 requests, cut 0, killed 0$/);
    expect(first).toMatch(/start$/);
  });

  it('fits a terminal, and shows env newest first, each variable on a line of its own', async () => {
    const old = { ...pinned, generation: 2, spec: appSpec('web', { env: { A: 'one\ntwo', B: 'a\u001b[2J' } }) };
    const both = [
      samples.historyEntry({ generation: 2, pinned: old, current: false }),
      samples.historyEntry({ pinned }),
    ];
    const { cwd } = await withManager({ 'GET /v1/apps/web/history': { json: { app: 'web', generations: both } } });
    const { out } = await run(['history', 'web', '--show-env', '--no-color'], { cwd, isTTY: true, columns: 60 });
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(60);
    expect(out.slice(out.indexOf('generation 3:'))).toBe(
      'generation 3:\n  SECRET=hunter2\n\ngeneration 2:\n  A="one\\ntwo"\n  B="a\\u001b[2J"\n',
    );
  });

  it('shows values of env when asked to, and only then', async () => {
    const { cwd, manager } = await withManager({ 'GET /v1/apps/web/history': { json: { app: 'web', generations } } });
    expect((await run(['history', 'web', '--show-env'], { cwd })).out).toContain('generation 3:\n  SECRET=hunter2\n');
    expect(manager.lines).toEqual(['GET /v1/apps/web/history?show-env=1']);
  });
});

describe('history without a manager', () => {
  it('comes from the state directory, without what may be secret; nothing serves where nothing runs', async () => {
    const cwd = folderWithConfig();
    const folder = join(cwd, '.evenkeel/apps/web');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const spec = appSpec('web', { env: { SECRET: 'hunter2' } });
    const pinned = { generation: 3, spec, realCwd: '/srv', realScript: '/srv/server.js' };
    const record = {
      ...{ app: 'web', lastGeneration: 3, desired: 1, started: true, cluster: null, unfinished: null, workers: [] },
      ...{ current: pinned, generations: [pinned], history: [samples.historyEntry({ pinned })] },
    };
    await writeStateFile(join(folder, 'cluster.json'), record);
    const { code, out } = await run(['history', 'web'], { cwd });
    expect(code).toBe(0);
    expect(out).toMatch(/^ +3 {2}2026-01-01 00:00:00Z {2}done/m);
    const json = await run(['history', 'web', '--json'], { cwd });
    expect(JSON.parse(json.out)).toMatchObject({ app: 'web', generations: [{ generation: 3, current: false }] });
    expect(json.out).not.toContain('hunter2');
    expect((await run(['history', 'web', '--show-env'], { cwd })).out).toContain('SECRET=hunter2');
    expect(await run(['history', 'wbe'], { cwd })).toMatchObject({
      code: 2,
      err: 'error: there is no app named "wbe"\nhint: There are: web.\n',
    });
  });
});

describe('two configs in one folder', () => {
  it.each([[['check']], [['plan']], [['start']]])('%j says which one is used', async (args) => {
    const cwd = folderWithConfig();
    const note =
      'evenkeel.config.yaml is used, and not evenkeel.config.json, .evenkeelrc beside it; --config names another\n';
    const error = { code: 'CONFIG_INVALID' as const, message: 'bad', hint: null };
    const program = () => fakeLoader({ ok: false, error });
    expect((await run(args, { cwd, program })).err).not.toContain('is used');
    for (const name of ['evenkeel.config.json', '.evenkeelrc']) writeFileSync(join(cwd, name), '{}');
    const found = await run(args, { cwd, program });
    expect(found.err).toContain(note);
    expect((await run([...args, '-c', 'evenkeel.config.yaml'], { cwd, program })).err).not.toContain('is used');
  });
});

describe('check', () => {
  it('says that a config is valid', async () => {
    const cwd = folderWithConfig();
    const program = () => fakeLoader({ ok: true, ecosystem: ecosystem(cwd, appSpec('web'), appSpec('api')) });
    expect(await run(['check'], { cwd, program })).toEqual({
      code: 0,
      out: 'evenkeel.config.yaml is valid: 2 apps (web, api)\n',
      err: '',
    });
    expect(JSON.parse((await run(['check', '--json'], { cwd, program })).out)).toEqual({
      ok: true,
      file: join(cwd, 'evenkeel.config.yaml'),
      apps: ['web', 'api'],
      problems: [],
      notices: [],
    });
  });

  it('says what may be a slip in a config that is valid', async () => {
    const cwd = folderWithConfig();
    const notices = ['apps.web.stop.timeout is 5 ms'];
    const program = () => fakeLoader({ ok: true, ecosystem: { ...ecosystem(cwd, appSpec('web')), notices } });
    expect(await run(['check'], { cwd, program })).toMatchObject({
      code: 0,
      out: 'evenkeel.config.yaml is valid: 1 app (web)\n! apps.web.stop.timeout is 5 ms\n',
    });
    expect(JSON.parse((await run(['check', '--json'], { cwd, program })).out)).toMatchObject({ ok: true, notices });
  });

  it('judges as a start would, and so whether its manager could run the apps as their users', async () => {
    const cwd = folderWithConfig();
    const answer = { ok: true, ecosystem: ecosystem(cwd, appSpec('web')) } as const;
    const check = (forManager: boolean) => run(['check'], { cwd, program: () => fakeLoader(answer, { forManager }) });
    expect(await check(true)).toMatchObject({ code: 0 });
    expect(await check(false)).not.toMatchObject({ code: 0 });
    // And more strictly: a start brings up what it can.
    const strictly = (strict: boolean) => run(['check'], { cwd, program: () => fakeLoader(answer, { strict }) });
    expect(await strictly(true)).toMatchObject({ code: 0 });
    expect(await strictly(false)).not.toMatchObject({ code: 0 });
  });

  it('prints every problem where it is and exits with 2', async () => {
    const cwd = folderWithConfig();
    const file = join(cwd, 'evenkeel.config.yaml');
    const problems = [
      { file, line: 3, column: 5, path: 'apps.web.workes', message: 'is not known', hint: 'did you mean workers?' },
      { file, line: null, column: null, path: '', message: 'is odd', hint: null },
    ];
    const error = { code: 'CONFIG_INVALID' as const, message: '2 problems', hint: null, problems };
    const program = () => fakeLoader({ ok: false, error });
    expect(await run(['check'], { cwd, program })).toEqual({
      code: 2,
      out: [
        'evenkeel.config.yaml:3:5: apps.web.workes: is not known',
        '  hint: did you mean workers?',
        'evenkeel.config.yaml: is odd',
        '2 problems',
        '',
      ].join('\n'),
      err: '',
    });
    expect(JSON.parse((await run(['check', '--json'], { cwd, program })).out)).toEqual({
      ok: false,
      file: null,
      apps: [],
      problems,
      notices: [],
    });
  });
});
