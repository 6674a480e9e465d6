// The command line itself: what is understood, what is refused, and what the help says.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CATALOG } from '../../src/cli/catalog.ts';
import { packageVersion } from '../../src/platform/entry-points.ts';
import { tempDir } from '../support/temp-dir.ts';
import { FakeManager } from './support/fake-manager.ts';
import { folderWithConfig, run } from './support/run.ts';

describe('a wrong command line', () => {
  it.each([
    [['stauts'], "unknown command 'stauts'", 'Did you mean status?'],
    [['frobnicate'], "unknown command 'frobnicate'", '`evenkeel help` lists the commands'],
    [['status', '--wach'], "unknown option '--wach'", 'Did you mean --watch?'],
    [['--jsn', 'status'], "unknown option '--jsn'", 'Did you mean --json?'],
    [['bogus'], "unknown command 'bogus'", 'hint: `evenkeel help`'],
    [['strat'], "unknown command 'strat'", 'Did you mean start?'],
    [['list'], "unknown command 'list'", 'Did you mean `evenkeel status`?'],
    [['ls'], "unknown command 'ls'", 'Did you mean `evenkeel status`?'],
    [['delete', 'web'], "unknown command 'delete'", '`evenkeel stop APP --forget`'],
    [['save'], "unknown command 'save'", 'Nothing has to be saved'],
    [['startup'], "unknown command 'startup'", 'docs/systemd.md'],
    [['monit'], "unknown command 'monit'", '`evenkeel status --watch`'],
    [['flush'], "unknown command 'flush'", 'Logs are rotated by themselves'],
    [['describe', 'web'], "unknown command 'describe'", '`evenkeel status APP`'],
    [['toString'], "unknown command 'toString'", '`evenkeel help` lists the commands'],
    [['reload', 'all'], "too many arguments for 'reload'", '`evenkeel deploy --all`'],
    [['reload', 'web'], "too many arguments for 'reload'", '`evenkeel deploy web`'],
    [['reload', '--profile', 'prod', 'web'], "too many arguments for 'reload'", '`evenkeel deploy web`'],
    [['--config', 'reload', 'reload', '--json', 'web'], "too many arguments for 'reload'", '`evenkeel deploy web`'],
    [['kill'], "unknown command 'kill'", 'Did you mean `evenkeel stop`?'],
    [['-v'], "unknown option '-v'", 'Did you mean -V?'],
    [['logs', '-F'], "unknown option '-F'", 'Did you mean -f?'],
    [['start', '-i', '4', 'server.js'], "unknown option '-i'", 'Did you mean --workers? `evenkeel help start`'],
    [['start', '--instances=max', 'server.js'], "unknown option '--instances=max'", 'Did you mean --workers?'],
    [['logs', '--err'], "unknown option '--err'", 'Did you mean --stderr?'],
    [['deploy', 'web', '--update-env'], "unknown option '--update-env'", 'Did you mean --shell-env?'],
    [['restart', 'web', '--update-env'], "unknown option '--update-env'", 'hint: `evenkeel help restart`'],
    [['status', '-c', '.'], 'is a directory, and no config file', 'Look at --config and EVENKEEL_CONFIG.'],
    [
      ['check', '-c', 'nope.yaml'],
      'nope.yaml does not exist',
      'hint: Look at --config and EVENKEEL_CONFIG. Has it moved',
    ],
    [['stop', '--wait'], "unknown option '--wait'", 'hint: `evenkeel help stop` shows what it takes'],
    [['nope', '--help'], "unknown command 'nope'", '`evenkeel help` lists the commands'],
    [['stauts', '-h'], "unknown command 'stauts'", 'Did you mean status?'],
    [['scale', 'web=5000'], '"web=5000" is not APP=N with N from 1 to 1024', ''],
    [['abort'], "missing required argument 'app'", '`evenkeel help abort`'],
    [['signal', 'web'], "missing required argument 'signal'", '`evenkeel help signal`'],
    [['deploy-abort'], "missing required argument 'app'", '`evenkeel help abort`'],
    [['scale', 'web=3', 'web=2'], '"web" is there twice', ''],
    [['scale', 'web=most'], '"web=most" is not APP=N', 'max'],
    [['abort', 'a', 'b'], 'too many arguments', ''],
    [['deploy'], 'which app?', '`evenkeel status` lists the apps'],
    [['deploy', 'web', '--all'], 'name apps or say --all, not both', ''],
    [
      ['deploy', 'web', '--timeout', '10'],
      '"10" has no unit',
      'Did you mean 10s? Write 10ms where milliseconds are meant.',
    ],
    [['stop', '--timeout', '999'], '"999" has no unit', 'Did you mean 999s?'],
    [['deploy', 'web', '--timeout', 'soon'], '"soon" is not a duration', ''],
    [['deploy', 'web', '--workers', '0'], '"0" is not a number of workers', ''],
    [['deploy', 'web', '--unset-env', 'KEY=secret'], 'the name of a variable has no =', ''],
    [['deploy', 'web', '--env', '=secret'], 'a value has no NAME= before it', '--env NAME=value'],
    [['scale', 'web'], '"web" is not APP=N', 'evenkeel scale web=4'],
    [['scale', 'web=0'], '"web=0" is not APP=N', ''],
    [['scale', 'web=1.5'], '"web=1.5" is not APP=N', ''],
    [['rollback', 'web', '--to', 'last'], '"last" is not a whole number', ''],
    [['logs', '-n', '-5'], '"-5" is not a whole number', ''],
    [['start', 'server.js'], 'server.js does not exist', 'looked for from where you are'],
    [['start', 'bin/server'], 'bin/server does not exist', ''],
    [['start', '.'], 'is a directory', 'Name the file in it'],
    [['start', 'evenkeel.config.yaml'], 'evenkeel.config.yaml says what runs in this folder', 'evenkeel start NAME'],
    [['start', 'web', './server.js'], 'name apps or a script, not both', ''],
    [['start', '--workers', '2'], "option '--workers' belongs to a script, and none is named", ''],
    [['start', '--env', 'KEY=secret', 'web'], "option '--env' belongs to a script", ''],
    [['start', '--workers', 'many', './server.js'], '"many" is not a number of workers', ''],
    [['start', '--max-log-size', 'big', './server.js'], '"big" is not a size', ''],
    [['start', '--ready', 'soon', './server.js'], '"soon" is none of listening, message, delay', ''],
    [['start', 'ecosystem.config.js'], 'ecosystem.config.js is a config of PM2', '`evenkeel init`'],
    [['start', '--name', 'a.b', './server.js'], '"a.b" is not a name for an app', ''],
    [['start', '--cwd', 'nowhere', './server.js'], "option '--cwd': there is no directory", ''],
    [['init', '--show-env'], "'--show-env' is only for --from-running", ''],
    [['help', 'nope'], "unknown command 'nope'", '`evenkeel help` lists the commands'],
  ])('%j: %s, exit 2, and nothing is started', async (args, message, hint) => {
    const cwd = folderWithConfig();
    const { code, out, err } = await run(args, { cwd });
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toContain(message);
    expect(err).toContain(hint);
    expect(err).not.toContain('secret');
    expect(existsSync(join(cwd, '.evenkeel'))).toBe(false);
  });

  it('is an error document with --json', async () => {
    const { code, out, err } = await run(['stauts', '--json']);
    expect([code, out]).toEqual([2, '']);
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'BAD_USAGE', message: "unknown command 'stauts'" } });
  });

  it('with --json and no command at all is one too', async () => {
    const { code, out, err } = await run(['--json']);
    expect([code, out]).toEqual([2, '']);
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'BAD_USAGE', message: 'no command is given' } });
  });
});

describe('help', () => {
  it('shows the overview on stderr when there is no command at all, and exits with 2', async () => {
    const { code, out, err } = await run([]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('Usage: evenkeel');
  });

  it.each([[['help']], [['--help']], [['-h']]])('%j shows every command and the exit codes', async (args) => {
    const { code, out } = await run(args);
    expect(code).toBe(0);
    for (const { name, summary } of CATALOG)
      expect(out).toMatch(new RegExp(`\\n {2}${name}.* ${escapeRegExp(summary)}\\n`));
    expect(out).toContain('Exit codes: 0 done, 1 failed');
  });

  it('of restart says that a switched symlink is not followed, and what follows it', async () => {
    const { out } = await run(['help', 'restart']);
    expect(out).toMatch(/symlink has been switched comes with `evenkeel deploy`/);
  });

  it.each(CATALOG.map(({ name }) => name))('%s: `help` and --help say the same, with an example', async (name) => {
    const help = await run(['help', name]);
    expect(help.code).toBe(0);
    expect(help.out).toMatch(new RegExp(`^Usage: evenkeel ${name}`));
    expect(help.out).toMatch(new RegExp(`\nExamples:\n(.*\n)*? {2}(exec )?evenkeel ${name}\\b`));
    expect(help.out).toContain('Global Options:');
    expect(await run([name, '--help'])).toEqual(help);
  });

  it.each(CATALOG.map((entry) => [entry.name, entry] as const))(
    '%s: each example is a command line that parses',
    async (name, entry) => {
      const { examples, options } = await entry.load();
      expect(examples.length).toBeGreaterThan(0);
      for (const { line } of examples) expect(line).toContain(`evenkeel ${name}`);
      for (const [key, option] of Object.entries(options)) expect(camelCase(option.flags)).toBe(key);
    },
  );

  it('knows an alias by both names', async () => {
    expect((await run(['help', 'deploy-abort'])).out).toBe((await run(['help', 'abort'])).out);
  });

  it('has an entry for each command module', () => {
    const modules = readdirSync(new URL('../../src/cli/commands', import.meta.url)).map((file) =>
      file.replace('.ts', ''),
    );
    expect(CATALOG.map(({ name }) => name).sort()).toEqual(modules.sort());
  });
});

describe('version', () => {
  it('-V shows the version of this program', async () => {
    expect(await run(['-V'])).toEqual({ code: 0, out: `${packageVersion()}\n`, err: '' });
  });

  it('works where there is no config and no manager', async () => {
    expect(await run(['version'], { cwd: tempDir() })).toMatchObject({
      code: 0,
      out: `evenkeel ${packageVersion()}\nno manager is running\n`,
    });
  });

  it('-V is a document too with --json', async () => {
    for (const args of [
      ['-V', '--json'],
      ['--json', '-V'],
    ]) {
      const { code, out } = await run(args);
      expect([code, JSON.parse(out)]).toEqual([0, { version: packageVersion() }]);
    }
  });

  it('shows the version of the manager that runs', async () => {
    const cwd = folderWithConfig();
    await new FakeManager({}).listen(cwd);
    const { out } = await run(['version'], { cwd });
    expect(out).toContain('manager 9.8.7 (pid 4321)\n');
    expect(out).toContain('To replace it: `kill -9 4321`, then `evenkeel start`');
    expect(JSON.parse((await run(['version', '--json'], { cwd })).out)).toEqual({
      version: packageVersion(),
      manager: { version: '9.8.7', pid: 4321 },
    });
  });
});

describe('colours', () => {
  const colorCode = '\u001b[';
  it.each([
    ['on a terminal', { isTTY: true }, [], true],
    ['not elsewhere', { isTTY: false }, [], false],
    ['not with --no-color', { isTTY: true }, ['--no-color'], false],
    ['not with NO_COLOR', { isTTY: true, env: { NO_COLOR: '1' } }, [], false],
    ['with an empty NO_COLOR', { isTTY: true, env: { NO_COLOR: '' } }, [], true],
    ['not on a dumb terminal', { isTTY: true, env: { TERM: 'dumb' } }, [], false],
  ])('%s', async (_name, options, args, colored) => {
    const { err } = await run(['status', ...args], { cwd: tempDir(), ...options });
    expect(err).toContain('there is no evenkeel config in ');
    expect(err.includes(colorCode)).toBe(colored);
  });
});

function camelCase(flags: string): string {
  const long = /--(?:no-)?([a-z-]+)/.exec(flags)?.[1] ?? '';
  return long.replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
