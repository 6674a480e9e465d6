import { describe, expect, test } from 'vitest';
import type { Users } from '../../src/config/users.ts';
import { formatAddress } from '../../src/core/spec.ts';
import { appOf, ecosystemOf, problemsOf, resolveText } from './resolve-text.ts';

const variable = (inner: string): string => '$'.concat(`{${inner}}`);

describe('an app of which only the script is said', () => {
  const app = appOf('apps: { web: { script: a.js } }', { variables: { PATH: '/bin', LC_ALL: 'C', SECRET: 'x' } });

  test('has the defaults of the schema', () => {
    expect(app).toEqual({
      name: 'web',
      script: '/shop/a.js',
      command: null,
      args: [],
      node: { bin: 'node', args: [] },
      cwd: '/shop',
      workers: 1,
      env: { PATH: '/bin', LC_ALL: 'C' },
      listen: [],
      balance: 'shared',
      ready: { on: 'listening', timeout: 30_000 },
      health: null,
      stop: { signal: 'SIGTERM', timeout: 30_000 },
      restart: {
        ...{ minDelay: 100, maxDelay: 30_000, resetAfter: 10_000, limit: 0 },
        ...{ onUncaught: 'exit', memory: null, schedule: null },
      },
      deploy: { strategy: 'all-at-once', batch: 1, settle: 1000, timeout: 300_000, before: [], after: [] },
      hooks: { beforeFork: [] },
      logs: {
        stdout: { kind: 'file', path: '/shop/logs/web.out.log' },
        stderr: { kind: 'file', path: '/shop/logs/web.err.log' },
        ...{ maxSize: 10 * 1024 ** 2, schedule: null, keep: 10, compress: true, timestamps: false, onSlow: 'wait' },
      },
      user: null,
      dependsOn: [],
    });
  });
});

describe('an ecosystem', () => {
  test('is called after its folder, and has its state beside the config', () => {
    const { apps: _, ...rest } = ecosystemOf('apps: {}');
    expect(rest).toEqual({
      file: '/shop/evenkeel.config.yaml',
      name: 'shop',
      stateDir: '/shop/.evenkeel',
      profile: null,
      deploySignal: 'SIGUSR2',
    });
  });

  test.each([['SIGHUP'], [null]])('is deployed on another signal, or on none: %s', (deploySignal) => {
    expect(ecosystemOf(`deploySignal: ${deploySignal}\napps: {}`)).toMatchObject({ deploySignal });
  });

  test('has its apps in the order of the file', () => {
    const { apps } = ecosystemOf('apps: { b: { script: a.js }, a: { script: a.js }, constructor: { script: b.js } }');
    expect(apps.map((app) => app.name)).toEqual(['b', 'a', 'constructor']);
  });

  test('may have anchors and merge keys', () => {
    const text = 'apps:\n  web: &web { script: a.js, workers: 3 }\n  api: { <<: *web, script: b.js }\n';
    expect(ecosystemOf(text).apps[1]).toMatchObject({ script: '/shop/b.js', workers: 3 });
  });

  test('takes a profile over the file', () => {
    const text =
      'profiles: { big: { stateDir: /var/big, apps: { web: { workers: max } } } }\napps: { web: { script: a.js } }';
    const big = ecosystemOf(text, { profile: 'big', cpus: 6 });
    expect(big).toMatchObject({ profile: 'big', stateDir: '/var/big', apps: [{ script: '/shop/a.js', workers: 6 }] });
  });
});

describe('paths', () => {
  test('are relative to the config file, but for the script and sockets, which are relative to cwd', () => {
    const disk = { '/shop/current': null, '/shop/current/a.js': '', '/shop/hook.mjs': '' };
    const text = `
      apps:
        web:
          cwd: current
          script: a.js
          listen: [./web.sock]
          logs: { stdout: out.log, stderr: /var/log/err.log }
          deploy: { before: [[make], { module: hook.mjs }] }`;
    const app = appOf(text, { disk });
    expect([app.cwd, app.script]).toEqual(['/shop/current', '/shop/current/a.js']);
    expect(app.listen.map(formatAddress)).toEqual(['/shop/current/web.sock']);
    expect(app.logs).toMatchObject({ stdout: { path: '/shop/out.log' }, stderr: { path: '/var/log/err.log' } });
    expect(app.deploy.before).toEqual([
      { kind: 'command', argv: ['make'] },
      { kind: 'module', file: '/shop/hook.mjs' },
    ]);
  });

  test.each([
    ['null', { kind: 'off' }],
    ['/dev/null', { kind: 'off' }],
    ['"-"', { kind: 'inherit' }],
  ])('a log to %s is %j', (target, expected) => {
    expect(appOf(`apps: { a: { script: a.js, logs: { stdout: ${target} } } }`).logs.stdout).toEqual(expected);
  });

  test('a log may drop what comes too fast', () => {
    expect(appOf('apps: { a: { script: a.js, logs: { onSlow: drop } } }').logs.onSlow).toBe('drop');
  });
});

describe('env', () => {
  const variables = { PATH: '/bin', HOME: '/root', LC_ALL: 'C', LC_TIME: 'de', TOKEN: 't' };
  const envOf = (keys: string, disk = {}): Readonly<Record<string, string>> =>
    appOf(`apps: { a: { script: a.js, ${keys} } }`, { variables, disk }).env;

  test.each([
    ['inheritEnv: false', {}],
    ['inheritEnv: [TOKEN, NOPE]', { TOKEN: 't' }],
    ['inheritEnv: [LC_*]', { LC_ALL: 'C', LC_TIME: 'de' }],
    ['inheritEnv: true', variables],
  ])('%s', (keys, expected) => expect(envOf(keys)).toEqual(expected));

  test('the env file is over what is inherited, and env is over the env file', () => {
    const keys = 'inheritEnv: [PATH, HOME], envFile: .env, env: { B: env, HOME: null }';
    expect(envOf(keys, { '/shop/.env': 'PATH=/opt\nA=file\nB=file' })).toEqual({ PATH: '/opt', A: 'file', B: 'env' });
  });

  test('numbers and booleans are texts', () => {
    expect(envOf('inheritEnv: false, env: { A: 1, B: true, C: 0.5, D: "" }')).toEqual({
      A: '1',
      B: 'true',
      C: '0.5',
      D: '',
    });
  });

  test('a secret is the content of its file, without the final line break', () => {
    const disk = { '/run/key': 'se\ncret\n\n' };
    expect(envOf('inheritEnv: false, env: { KEY: { file: /run/key } }', disk)).toEqual({ KEY: 'se\ncret\n' });
  });

  test('variables of any name are variables', () => {
    const keys = 'inheritEnv: false, env: { __proto__: a, constructor: b, a.b: c }';
    expect(Object.entries(envOf(keys))).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['a.b', 'c'],
    ]);
  });

  test('variables of the environment are filled in everywhere', () => {
    const text = `apps: { a: { script: "${variable('S')}.js", workers: "${variable('W:-max')}", listen: ["${variable('P')}"] } }`;
    const app = appOf(text, { variables: { S: 'a', P: '80' }, cpus: 3 });
    expect(app).toMatchObject({ script: '/shop/a.js', workers: 3, listen: [{ port: 80 }] });
  });

  test('only the chosen profile needs its variables', () => {
    const text = `profiles: { p: { apps: { a: { env: { X: "${variable('NOPE')}" } } } } }\napps: { a: { script: a.js } }`;
    expect(problemsOf(text)).toEqual([]);
    expect(problemsOf(text, { profile: 'p' })).toEqual([
      expect.stringContaining('config:1:41: profiles.p.apps.a.env.X: the variable NOPE is not set'),
    ]);
  });
});

describe('readiness', () => {
  test.each([
    ['command: [x]', { on: 'delay', delay: 1000 }],
    ['command: [x], listen: [./s, 80]', { on: 'tcp', host: '127.0.0.1', port: 80 }],
    ['command: [x], listen: ["[::]:80"]', { on: 'tcp', host: '::1', port: 80 }],
    ['command: [x], listen: ["10.0.0.1:80"]', { on: 'tcp', host: '10.0.0.1', port: 80 }],
    ['script: a.js, listen: [80]', { on: 'listening' }],
    ['script: a.js, ready: { on: message }', { on: 'message' }],
    ['script: a.js, ready: { on: http, url: /up, status: 204 }', { on: 'http', url: '/up', status: 204 }],
    ['script: a.js, ready: { on: tcp, port: 9 }', { on: 'tcp', host: '127.0.0.1', port: 9 }],
    ['script: a.js, ready: { on: log, pattern: "^up$" }', { on: 'log', pattern: '^up$' }],
    ['script: a.js, ready: { on: delay, delay: 5s }', { on: 'delay', delay: 5000 }],
  ])('%s', (keys, expected) => {
    expect(appOf(`apps: { a: { ${keys} } }`).ready).toEqual({ timeout: 30_000, ...expected });
  });

  test('a default for another way of being ready is no problem', () => {
    const text = 'defaults: { ready: { on: http, url: /up } }\napps: { a: { script: a.js, ready: { on: message } } }';
    expect(appOf(text).ready).toEqual({ on: 'message', timeout: 30_000 });
  });
});

describe('handover', () => {
  test.each([
    'script: a.js, listen: [80]',
    'script: a.js, ready: { on: message }',
    'command: [x], listen: [80]',
    'command: [x], ready: { on: log, pattern: up }',
  ])('is possible for %s', (keys) => {
    expect(appOf(`apps: { a: { ${keys}, deploy: { strategy: handover } } }`).deploy.strategy).toBe('handover');
  });
});

describe('every problem is located, says what is wrong, and what to do', () => {
  test.each<readonly [string, string, string]>([
    ['comand: [x], script: a.js', 'apps.a.comand: unknown key', 'did you mean "command"?'],
    ['script: a.js, $import: x', 'apps.a.$import: unknown key', 'keys here: script'],
    ['script: 5', 'apps.a.script: must be a text, not a whole number', 'quotes'],
    ['script: a.js, args: x', 'apps.a.args: must be a list, not a text', '[ ]'],
    ['script: a.js, workers: 0', 'apps.a.workers: must be at least 1', ''],
    ['script: a.js, workers: 9999', 'apps.a.workers: must be at most 1024', ''],
    ['script: a.js, stop: { timeout: 9999999999 }', 'apps.a.stop.timeout: must be at most', ''],
    ['script: a.js, workers: many', 'apps.a.workers: "many" is not a number of workers', '"50%"'],
    ['script: a.js, stop: { timeout: 10 parsecs }', '"10 parsecs" is not a duration', '"30s"'],
    ['script: a.js, stop: { timeout: "30" }', 'it has no unit', '"30s"'],
    ['script: a.js, stop: { timeout: 99d }', '"99d" is too long', '24 days'],
    ['script: a.js, ready: { timeout: 0s }', '"0s" is no time at all', ''],
    ['script: a.js, stop: { signal: SIGTRM }', '"SIGTRM" is not a signal', 'did you mean "SIGTERM"?'],
    ['script: a.js, stop: { signal: TERM }', '"TERM" is not a signal', '"SIGTERM"'],
    ['script: a.js, stop: { signal: SIGKILL }', 'cannot be handled', 'timeout to 0'],
    ['script: a.js, restart: { memory: 10Q }', '"10Q" is not a size', '"10M"'],
    ['script: a.js, restart: { memory: 512 }', 'so little memory', '512M'],
    ['script: a.js, restart: { schedule: "61 * * * *" }', 'is not a cron pattern', '0 4 * * *'],
    ['script: a.js, restart: { minDelay: 1m }', 'minDelay is longer than maxDelay', 'raise'],
    ['script: a.js, deploy: { strategy: rollin }', '"rollin" is not one of', 'did you mean "rolling"?'],
    ['script: a.js, deploy: { strategy: handover }', 'deploy.strategy: handover needs `listen`', 'listen: [3000]'],
    ['command: [x], deploy: { strategy: handover }, ready: { on: tcp, port: 80 }', 'handover needs `listen`', ''],
    ['script: a.js, logs: { onSlow: dorp }', '"dorp" is not one of', 'did you mean "drop"?'],
    ['script: a.js, deploy: { settle: 5m }', 'no deploy could settle', 'deploy.timeout'],
    ['script: a.js, deploy: { before: [{ module: no.mjs }] }', 'deploy.before[0].module: the module /shop/no.mjs', ''],
    ['script: a.js, ready: { on: log, pattern: "(" }', '"(" is not a regular expression', ''],
    ['script: a.js, ready: { on: log }', 'needs the key "pattern"', ''],
    ['script: a.js, ready: { on: http }', 'needs the key "url"', '/healthz'],
    ['script: a.js, ready: { on: http, url: up }', '"up" is neither a path nor a URL', '/healthz'],
    ['script: a.js, ready: { on: http, url: "/grün" }', 'has characters that a path cannot have', '/gr%C3%BCn'],
    ['script: a.js, ready: { on: tcp }', 'needs the key "port"', 'listen'],
    ['script: a.js, ready: { url: /up }', 'ready.url: this is only for `on: http`', 'on: http'],
    ['script: a.js, ready: { on: delay, delay: 1m }', 'longer than ready.delay', ''],
    ['script: a.js, health: {}', 'apps.a.health: the key "http" is missing', ''],
    ['command: [x], ready: { on: listening }', '"listening" is only for apps with a script', 'tcp'],
    ['command: [x], ready: { on: message }', '"message" is only for apps with a script', 'tcp'],
    ['command: [x], ready: { on: http, url: /up }', 'a path is only for apps with a script', 'http://'],
    ['command: [x], health: { http: /up }', 'a path is only for apps with a script', 'http://'],
    ['command: [./no], listen: [80]', 'apps.a.command[0]: there is no program /shop/no', 'relative to cwd'],
    [
      'command: [x], listen: [80], env: { a.b: 1 }',
      'apps.a.env["a.b"]: a shell hands the sockets over',
      'env, "a.b=1"',
    ],
    ['script: a.js, workers: 2.5', 'apps.a.workers: must be a whole number or a text, not a fraction', 'write 2 or 3'],
    ['script: a.js, stop: { timeout: 1.5 }', 'not a fraction', 'write 1 or 2 for so many milliseconds, or "1.5s" for'],
    ['script: a.js, stop: { signal: SIGFOO }', '"SIGFOO" is not a signal', 'write a name such as SIGTERM'],
    ['script: a.js, stop: { signal: SIGTREM }', '"SIGTREM" is not a signal', 'did you mean "SIGTERM"?'],
    ['script: a.js, stop: { signal: term }', '"term" is not a signal', 'write "SIGTERM"'],
    ['script: a.js, user: ann', 'apps.a.user: nobody is called ann', 'ask around'],
    ['script: a.js, user: "ann:"', '"ann:" is not a user', 'www-data:adm'],
    ['script: a.js, user: "a:b:c"', '"a:b:c" is not a user', ''],
    ['script: a.js, user: ""', '"" is not a user', ''],
    ['script: a.js, command: [x]', 'apps.a.command: an app has either', 'remove'],
    ['workers: 2', 'apps.a: the app has neither a script nor a command', 'server.js'],
    ['command: []', 'apps.a.command: must not be empty', ''],
    ['script: no.js', 'apps.a.script: the script /shop/no.js does not exist', 'built'],
    ['script: a.js, cwd: no', 'apps.a.cwd: the directory /shop/no does not exist', ''],
    ['script: ., args: []', 'the script /shop is a directory', ''],
    ['script: a.js, logs: { stdout: . }', 'apps.a.logs.stdout: the log file /shop is a directory', '/shop/a.log'],
    [
      'script: a.js, logs: { stdout: a.js }',
      'logs.stdout: the log file /shop/a.js is the program of a',
      'logs/web.out',
    ],
    ['command: [./b.js], logs: { stderr: b.js }', 'the log file /shop/b.js is the program of a', ''],
    ['script: a.js, logs: { stdout: evenkeel.config.yaml }', '/shop/evenkeel.config.yaml is the config itself', ''],
    ['script: a.js, logs: { stderr: .evenkeel/state.json }', 'state.json is in the state directory', 'logs/web.out'],
    ['script: a.js, envFile: no.env', 'apps.a.envFile: the env file /shop/no.env does not exist', ''],
    ['script: a.js, env: { K: { file: no } }', 'apps.a.env.K.file: the file /shop/no does not exist', ''],
    ['script: a.js, env: { K: { file: blank } }', 'apps.a.env.K.file: the file /shop/blank is empty', ''],
    ['script: a.js, env: { K: [1] }', 'apps.a.env.K: must be a text, a number,', ''],
    ['script: a.js, env: { "A=B": 1 }', '"A=B" cannot be the name of a variable', ''],
    ['script: a.js, env: { K: 12345678901234567890 }', 'is not exact', 'quotes'],
    ['script: a.js, listen: [70000]', 'apps.a.listen[0]: must be at most 65535', ''],
    ['script: a.js, listen: ["h:70000"]', '"h:70000" has no such port', '65535'],
    ['script: a.js, listen: [nope]', '"nope" is not an address', '3000'],
    ['script: a.js, listen: [80, "[::1]:80"]', '[::1]:80 and 80 overlap', ''],
    [
      'script: a.js, listen: [run/a.sock]',
      'the folder of the unix socket /shop/run/a.sock does not exist',
      'create it',
    ],
    ['script: a.js, listen: [80], balance: round-robin', 'apps.a.balance: round-robin is not possible', ''],
    ['script: a.js, dependsOn: [b]', 'apps.a.dependsOn[0]: there is no app "b"', ''],
    ['script: a.js, dependsOn: [a]', 'a → a', ''],
  ])('%s', (keys, message, hint) => {
    const users: Users = { problemOf: (user) => ({ message: `nobody is called ${user}`, hint: 'ask around' }) };
    const problems = problemsOf(`apps: { a: { ${keys} } }`, { disk: { '/shop/blank': '\n' }, users, strict: true });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^config:1:\d+: apps\.a/);
    expect(problems[0]).toContain(message);
    if (hint !== '') expect(problems[0]?.split('hint: ')[1]).toContain(hint);
  });

  test('the folder of one app that is missing is no problem of the whole file, but where it is looked over', () => {
    expect(problemsOf('apps: { a: { script: a.js, listen: [run/a.sock] }, b: { script: b.js } }')).toEqual([]);
  });

  test.each([
    ['.evenkeel', '.evenkeel/logs/a.log'],
    ['.evenkeel', '.evenkeel.log'],
    ['logs', null],
    ['.', null],
    ['.', 'a.log'],
    ['..', 'a.log'],
  ])('with stateDir %s, the log file %s overwrites nothing', (stateDir, file) => {
    const logs = file === null ? '' : `, logs: { stdout: ${file} }`;
    expect(problemsOf(`stateDir: ${stateDir}\napps: { a: { script: a.js${logs} } }`)).toEqual([]);
  });

  test('the log file of one app is not the program of another, nor in a stateDir that a profile names', () => {
    const text = `profiles: { p: { stateDir: /var/lib/shop } }
apps:
  a: { script: a.js, logs: { stdout: b.js } }
  b: { script: b.js, logs: { stdout: /var/lib/shop/apps/b/cluster.json } }
`;
    expect(problemsOf(text)).toEqual([
      expect.stringContaining('config:3:38: apps.a.logs.stdout: the log file /shop/b.js'),
    ]);
    expect(problemsOf(text, { profile: 'p' })).toEqual([
      expect.stringContaining('the log file /shop/b.js is the program of b'),
      expect.stringContaining(
        'config:4:38: apps.b.logs.stdout: the log file /var/lib/shop/apps/b/cluster.json is in the',
      ),
    ]);
  });

  test('all of a file at once, in its order', () => {
    const text = `name: 5
$import: x
defaults:
  stop: { timeot: 1s }
apps:
  web: { script: a.js, listen: [3000], dependsOn: [apii] }
  api:
    script: no.js
    listen: ["127.0.0.1:3000"]
    dependsOn: [db]
    env: { A: "${variable('NOPE')}" }
  db: { command: [x], dependsOn: [api], logs: { stderr: logs/web.err.log } }
`;
    expect(problemsOf(text).map((problem) => problem.split('\n')[0])).toEqual([
      'config:1:7: name: must be a text, not a whole number',
      'config:2:1: $import: unknown key',
      'config:4:11: defaults.stop.timeot: unknown key',
      'config:6:52: apps.web.dependsOn[0]: there is no app "apii"',
      'config:8:13: apps.api.script: the script /shop/no.js does not exist',
      'config:9:14: apps.api.listen[0]: 127.0.0.1:3000 is taken: web listens on 3000',
      'config:10:17: apps.api.dependsOn[0]: apps depend on each other in a circle: api → db → api',
      'config:11:15: apps.api.env.A: the variable NOPE is not set',
      'config:12:57: apps.db.logs.stderr: web writes to /shop/logs/web.err.log already',
    ]);
  });

  test('also where one of them is that a value is no data', () => {
    const text = `apps:
  web: { script: a.js, stop: { timeout: 1e999 }, wrokers: .nan }
  api: { script: no.js, args: [x, .inf], "a=b": 1 }
  db: .inf
`;
    expect(problemsOf(text).map((problem) => problem.split('\n')[0])).toEqual([
      'config:2:41: apps.web.stop.timeout: this number is not config data',
      'config:2:50: apps.web.wrokers: unknown key',
      'config:2:59: apps.web.wrokers: this number is not config data',
      'config:3:18: apps.api.script: the script /shop/no.js does not exist',
      'config:3:35: apps.api.args[1]: this number is not config data',
      'config:3:42: apps.api["a=b"]: unknown key',
      'config:4:7: apps.db: this number is not config data',
    ]);
  });

  test('nothing more is said of a file of which nothing is of use', () => {
    for (const text of ['1e999', `[${'1,'.repeat(100_001)}]`]) {
      expect(problemsOf(text, { profile: 'prod' })).toHaveLength(1);
    }
  });

  test('what is wrong in the defaults is one problem, located there', () => {
    const text =
      'defaults: { restart: { minDelay: 1h }, envFile: no }\napps: { a: { script: a.js }, b: { script: b.js } }';
    expect(problemsOf(text)).toEqual([
      expect.stringContaining('config:1:34: defaults.restart.minDelay: minDelay is longer'),
      expect.stringContaining('config:1:49: defaults.envFile: the env file /shop/no does not exist'),
    ]);
  });

  test('a bad line of an env file is located in the env file, once', () => {
    const text = 'defaults: { envFile: .env }\napps: { a: { script: a.js }, b: { script: b.js } }';
    const problems = problemsOf(text, { disk: { '/shop/.env': 'A=1\noops' } });
    expect(problems).toEqual([expect.stringContaining('/shop/.env:2:1: defaults.envFile: the line is not NAME=value')]);
  });

  test('a profile that nobody chose is checked too', () => {
    expect(problemsOf('profiles: { p: { apps: { a: { workers: -1 } } } }\napps: { a: { script: a.js } }')).toEqual([
      expect.stringContaining('profiles.p.apps.a.workers: must be at least 1'),
    ]);
  });

  test.each([null, 'prod'])('a profile that changes an app which is not there, with profile %s', (profile) => {
    const text =
      'profiles: { prod: { apps: { wbe: { workers: 2 }, extra: { script: b.js } } } }\napps: { web: { script: a.js } }';
    const problems = problemsOf(text, { profile });
    expect(problems).toEqual([expect.stringContaining('profiles.prod.apps.wbe: there is no such app')]);
    expect(problems[0]).toContain('did you mean "web"?');
  });

  test('an app of a profile alone may have its program from the defaults', () => {
    const text = 'defaults: { script: a.js }\nprofiles: { prod: { apps: { extra: { workers: 2 } } } }\napps: {}';
    expect(problemsOf(text)).toEqual([]);
  });

  test.each([
    ['command: [gunicorn]', `apps.a.command[0]: there is no program "gunicorn" in the app's PATH`],
    ['command: [/shop/b.js]', 'apps.a.command[0]: the program /shop/b.js cannot be run'],
    ['script: a.js, node: { bin: nodejs }', `apps.a.node.bin: there is no program "nodejs" in the app's PATH`],
  ])('%s: the program cannot be started', (keys, message) => {
    const world = { variables: { PATH: '/bin:/opt/bin' }, programs: ['/bin/node', '/opt/bin/python3'] };
    expect(problemsOf(`apps: { a: { ${keys} } }`, world)).toEqual([expect.stringContaining(message)]);
    expect(problemsOf('apps: { a: { command: [python3] }, b: { script: a.js } }', world)).toEqual([]);
  });

  test.each([
    ['prodution', 'did you mean "production"?'],
    ['__proto__', 'profiles: production'],
  ])('there is no profile %s', (profile, hint) => {
    const [problem] = problemsOf('profiles: { production: {} }\napps: {}', { profile });
    expect(problem).toContain('there is no such profile');
    expect(problem).toContain(hint);
  });

  test.each(['x y', '.hidden', '-x', 'a/b', '__proto__', 'a'.repeat(65)])('an app cannot be called %j', (name) => {
    expect(problemsOf(`apps: { ${JSON.stringify(name)}: { script: a.js } }`)).toEqual([
      expect.stringContaining('is not a name for an app'),
    ]);
  });

  test.each(['hello', '[1]', '5', 'apps: null', 'apps: []', 'name: x', 'apps: { a: null }', 'apps: { a: 5 }'])(
    '%j is no config',
    (text) => expect(problemsOf(text)).toHaveLength(1),
  );

  test('what a variable of the environment says does not show', () => {
    const text = `apps: { a: { script: a.js, stop: { timeout: "${variable('X')}", signal: "${variable('X')}" } } }`;
    const problems = problemsOf(text, { variables: { X: 'hunter2' } });
    expect(problems).toHaveLength(2);
    expect(problems.join()).not.toContain('hunter2');
    expect(problems[0]).toContain(`"${variable('X')}", filled in, is not a duration`);
  });

  test('what env says does not show', () => {
    const problems = problemsOf(
      'apps: { a: { script: a.js, env: { K: { file: none, more: hunter2 }, L: [hunter2] } } }',
    );
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toContain('hunter2');
  });
});

test('the same config twice is the same ecosystem', () => {
  const text = 'apps: { a: { script: a.js, workers: max } }';
  expect(resolveText(text)).toEqual(resolveText(text));
});
