// `logs` and `events`: what they show, with a manager and without.

import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { writeStateFile } from '../../src/platform/state-file.ts';
import type { LogLine } from '../../src/protocol/cluster-link.ts';
import type { LogMessage } from '../../src/protocol/control-api.ts';
import { tempDir } from '../support/temp-dir.ts';
import { FakeManager, type Reply } from './support/fake-manager.ts';
import { appSpec, ecosystem, fakeLoader } from './support/fake-programs.ts';
import { folderWithConfig, run, startCli } from './support/run.ts';
import * as samples from './support/samples.ts';

const line = (slot: number, text: string, stream: LogLine['stream'] = 'stdout'): LogLine => ({
  slot,
  stream,
  line: text,
});

function messages(...all: readonly LogMessage[]): Reply {
  return {
    stream: (send, close) => {
      all.forEach(send);
      close();
    },
  };
}

const apps = { 'GET /v1/status': { json: samples.statusOf(samples.appStatus(), samples.appStatus({ name: 'api' })) } };

describe('logs', () => {
  const web = messages({ type: 'snapshot', lines: [line(0, 'hello'), line(1, 'oops', 'stderr')], files: [] });
  const api = messages({ type: 'snapshot', lines: [line(0, 'there')], files: [] });

  it('puts the app and the worker before each line and marks stderr', async () => {
    const cwd = folderWithConfig();
    const manager = await new FakeManager({
      ...apps,
      'GET /v1/apps/web/logs': web,
      'GET /v1/apps/api/logs': api,
    }).listen(cwd);
    expect(await run(['logs'], { cwd })).toEqual({
      code: 0,
      out: 'web.0 │ hello\nweb.1 ! oops\napi.0 │ there\n',
      err: '',
    });
    expect(manager.lines).toEqual(['GET /v1/status', 'GET /v1/apps/web/logs?n=20', 'GET /v1/apps/api/logs?n=20']);
  });

  it('--json is one object per line', async () => {
    const cwd = folderWithConfig();
    await new FakeManager({ ...apps, 'GET /v1/apps/web/logs': web }).listen(cwd);
    const { out } = await run(['logs', 'web', '--json'], { cwd });
    expect(
      out
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text)),
    ).toEqual([
      { app: 'web', slot: 0, stream: 'stdout', line: 'hello' },
      { app: 'web', slot: 1, stream: 'stderr', line: 'oops' },
    ]);
  });

  it.each([
    ['--stdout', 'web.0 │ hello\n'],
    ['--stderr', 'web.1 ! oops\n'],
  ])('%s shows that stream only', async (option, out) => {
    const cwd = folderWithConfig();
    await new FakeManager({ ...apps, 'GET /v1/apps/web/logs': web }).listen(cwd);
    expect((await run(['logs', 'web', option], { cwd })).out).toBe(out);
  });

  it('-n takes what is not remembered from the file, without saying anything twice', async () => {
    const cwd = folderWithConfig();
    const path = join(cwd, 'web.log');
    const text = 'one\ntwo\nthree\nfour\n';
    writeFileSync(path, `${text}written after the snapshot\n`);
    const files = [{ stream: 'stdout' as const, path, size: text.length }];
    const reply = messages({ type: 'snapshot', lines: [line(0, 'three'), line(1, 'four')], files });
    await new FakeManager({ ...apps, 'GET /v1/apps/web/logs': reply }).listen(cwd);
    expect((await run(['logs', 'web', '-n', '3'], { cwd })).out).toBe('web   │ two\nweb.0 │ three\nweb.1 │ four\n');
    expect((await run(['logs', 'web', '-n', '2'], { cwd })).out).toBe('web.0 │ three\nweb.1 │ four\n');
    expect((await run(['logs', 'web', '-n', '9'], { cwd })).out).toBe(
      'web   │ one\nweb   │ two\nweb.0 │ three\nweb.1 │ four\n',
    );
    expect((await run(['logs', 'web', '-n', '0'], { cwd })).out).toBe('');
  });

  it('-f shows what comes, and says when lines were skipped', async () => {
    const cwd = folderWithConfig();
    let send: (message: LogMessage) => void = () => {};
    const reply: Reply = {
      stream: (tell) => {
        send = tell;
        tell({ type: 'snapshot', lines: [line(0, 'before')], files: [] });
      },
    };
    const manager = await new FakeManager({ ...apps, 'GET /v1/apps/web/logs': reply }).listen(cwd);
    const cli = startCli(['logs', 'web', '-f', '-n', '1'], { cwd });
    await cli.wrote('web.0 │ before\n');
    send({ type: 'skipped', lines: 7 });
    send({ type: 'line', ...line(1, 'after') });
    await cli.wrote('web.1 │ after\n');
    expect(cli.err()).toContain('web: 7 lines were skipped');
    expect(manager.lines).toContain('GET /v1/apps/web/logs?n=1&follow=1');
    cli.interrupt();
    expect((await cli.done).code).toBe(130);
  });

  it('-f ends quietly when nobody reads any more', async () => {
    const cwd = folderWithConfig();
    const reply: Reply = { stream: (tell) => tell({ type: 'snapshot', lines: [line(0, 'before')], files: [] }) };
    await new FakeManager({ ...apps, 'GET /v1/apps/web/logs': reply }).listen(cwd);
    const closed = new AbortController();
    const cli = startCli(['logs', 'web', '-f'], { cwd, outputClosed: closed.signal });
    await cli.wrote('before');
    closed.abort();
    expect(await cli.done).toMatchObject({ code: 0, err: '' });
  });

  it('refuses an app that is not there', async () => {
    const cwd = folderWithConfig();
    await new FakeManager(apps).listen(cwd);
    expect(await run(['logs', 'nope'], { cwd })).toMatchObject({ code: 2, out: '' });
  });

  describe('of an app that was taken out of the config', () => {
    const said = 'old: not among the apps any more; this is what the log files have\n';

    async function formerly(cwd: string): Promise<void> {
      const folder = join(cwd, '.evenkeel/apps/old');
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const stdout = { kind: 'file', path: join(cwd, 'old.log') } as const;
      const spec = appSpec('old', { logs: { ...appSpec('old').logs, stdout } });
      const pinned = { generation: 1, spec, realCwd: '/srv', realScript: '/srv/server.js' };
      const record = {
        ...{ app: 'old', lastGeneration: 1, desired: 1, started: false, cluster: null, unfinished: null, workers: [] },
        ...{ current: null, generations: [pinned], history: [samples.historyEntry({ pinned })] },
      };
      await writeStateFile(join(folder, 'cluster.json'), record);
      writeFileSync(stdout.path, 'one\ntwo\n');
    }

    it('reads its files, with nothing to follow', async () => {
      const cwd = folderWithConfig();
      await new FakeManager(apps).listen(cwd);
      await formerly(cwd);
      expect(await run(['logs', 'old', '-n', '1', '-f'], { cwd })).toEqual({
        code: 0,
        out: 'old   │ two\n',
        err: said,
      });
      expect((await run(['logs', 'old', 'nope'], { cwd })).err).toBe(
        'error: there is no app named "old"\nhint: There are: web, api.\n',
      );
    });

    it('reads them without a manager too, but only where it is named', async () => {
      const cwd = folderWithConfig();
      await formerly(cwd);
      const program = () => fakeLoader({ ok: true, ecosystem: ecosystem(cwd, appSpec('silent')) });
      expect(await run(['logs', 'old'], { cwd, program })).toEqual({
        code: 0,
        out: 'old   │ one\nold   │ two\n',
        err: said,
      });
      expect((await run(['logs'], { cwd, program })).out).toBe('');
    });
  });

  it('without a manager reads the files that the config names', async () => {
    const cwd = folderWithConfig();
    const [out, err] = [join(cwd, 'out.log'), join(cwd, 'err.log')];
    writeFileSync(out, 'one\ntwo\n');
    writeFileSync(err, 'bad\n');
    const logs = {
      ...appSpec('web').logs,
      stdout: { kind: 'file', path: out },
      stderr: { kind: 'file', path: err },
    } as const;
    const spec = ecosystem(cwd, appSpec('web', { logs }), appSpec('silent'));
    const program = () => fakeLoader({ ok: true, ecosystem: spec });
    expect(await run(['logs', '-n', '1'], { cwd, program })).toEqual({
      code: 0,
      out: 'web      │ two\nweb      ! bad\n',
      err: '',
    });
    expect((await run(['logs', 'web', '--stdout', '--json'], { cwd, program })).out).toBe(
      '{"app":"web","slot":null,"stream":"stdout","line":"one"}\n{"app":"web","slot":null,"stream":"stdout","line":"two"}\n',
    );
    expect((await run(['logs', 'nope'], { cwd, program })).code).toBe(2);
  });

  it('-f without a manager says that it follows the files, however many these are', async () => {
    const cwd = folderWithConfig();
    const names = Array.from({ length: 12 }, (_, index) => `app-${index}`);
    const specs = names.map((name) => {
      writeFileSync(join(cwd, name), 'before\n');
      const stdout = { kind: 'file', path: join(cwd, name) } as const;
      return appSpec(name, { logs: { ...appSpec(name).logs, stdout } });
    });
    const warnings: string[] = [];
    const note = ({ name }: Error): unknown => warnings.push(name);
    process.on('warning', note);
    onTestFinished(() => void process.off('warning', note));
    const program = () => fakeLoader({ ok: true, ecosystem: ecosystem(cwd, ...specs) });
    const cli = startCli(['logs', '-f'], { cwd, program });
    // The first may be among the past ones still.
    for (const word of ['first', 'second']) {
      for (const name of names) appendFileSync(join(cwd, name), `${word} ${name}\n`);
      for (const name of names) await cli.wrote(`${word} ${name}\n`);
    }
    expect(cli.err()).toBe('no manager is running: the log files are followed, until Ctrl-C\n');
    cli.interrupt();
    expect((await cli.done).code).toBe(130);
    expect(warnings).toEqual([]);
  });
});

describe('events', () => {
  const events = samples.EVENT_LINES.map(([event]) => event);
  const reply: Reply = {
    stream: (send, close) => {
      events.forEach(send);
      close();
    },
  };

  it('shows each as a line with its time', async () => {
    const cwd = folderWithConfig();
    const manager = await new FakeManager({ 'GET /v1/events': reply }).listen(cwd);
    const { code, out } = await run(['events'], { cwd });
    expect(code).toBe(0);
    expect(out).toBe(samples.EVENT_LINES.map(([, text]) => `2026-01-01 00:00:00Z ${text}\n`).join(''));
    expect(manager.lines).toEqual(['GET /v1/events?n=50']);
  });

  it('--json gives them as they are, one per line', async () => {
    const cwd = folderWithConfig();
    const manager = await new FakeManager({ 'GET /v1/events': reply }).listen(cwd);
    const { out } = await run(['events', '-n', '7', '--json'], { cwd });
    expect(
      out
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text)),
    ).toEqual(events);
    expect(manager.lines).toEqual(['GET /v1/events?n=7']);
  });

  it('without a manager come from its log', async () => {
    const cwd = folderWithConfig();
    const stateDir = tempDir();
    writeFileSync(
      join(stateDir, 'manager.log'),
      `${events.map((event) => JSON.stringify(event)).join('\n')}\nnot an event\n`,
    );
    const program = () => fakeLoader({ ok: true, ecosystem: { ...ecosystem(cwd), stateDir } });
    const { code, out } = await run(['events', '-n', '3'], { cwd, program });
    expect(code).toBe(0);
    const [last, beforeLast] = samples.EVENT_LINES.map(([, text]) => `2026-01-01 00:00:00Z ${text}\n`).reverse();
    expect(out).toBe(`${beforeLast}${last}`);
  });
});
