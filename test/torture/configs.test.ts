// Configs that are none: each is refused, what runs is as before, and a good one is taken again afterwards.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { server } from '../support/apps.ts';
import { expectAnswers } from '../support/config-fuzz.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import type { Load, LoadReport } from '../support/load.ts';
import { isAlive, processesOf } from '../support/process-table.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';
import { report, requestsOf } from './finding.ts';

const CLIENTS = 8;
const MEGABYTE = 1024 ** 2;
const RUNS = 20_000;

const BOMB = ['a: &a [x, x, x, x, x, x, x, x, x]'];
for (let level = 1; level < 12; level += 1) {
  const [from, to] = [String.fromCharCode(96 + level), String.fromCharCode(97 + level)];
  BOMB.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(', ')}]`);
}

/** What takes the place of the file at a path. */
const CONFIGS: readonly (readonly [string, (path: string) => void])[] = [
  ['a directory', (path) => mkdirSync(path)],
  ['a FIFO', (path) => void execFileSync('mkfifo', [path])],
  ['a file of 100 MB', (path) => writeFileSync(path, Buffer.alloc(100 * MEGABYTE, 'x'))],
  ['a bomb of YAML aliases', (path) => writeFileSync(path, BOMB.join('\n'))],
  ['nothing', () => undefined],
  ['an empty file', (path) => writeFileSync(path, '')],
  ['binary data', (path) => writeFileSync(path, Buffer.from([0, 1, 2, 255, 254, 10, 0]))],
];
const PROGRAMS: readonly (readonly [string, string])[] = [
  ['never returns', 'for (;;);'],
  ['waits for ever', 'await new Promise(() => setInterval(() => {}, 1000));'],
  ['throws', "throw new Error('no config today');"],
  [
    'rejects later',
    "setTimeout(() => Promise.reject(new Error('late')), 0); await new Promise((done) => setTimeout(done, 50));",
  ],
  ['exits', 'process.exit(0);'],
  ['kills itself', "process.kill(process.pid, 'SIGKILL'); await new Promise((done) => setTimeout(done, 1000));"],
];

describe('instead of the config', LONG, () => {
  test.for(CONFIGS)('%s', async ([what, replace], context) => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: server('http', port) } });
    await rig.run('start');
    const [good, pids] = [rig.read('evenkeel.config.yaml'), await rig.pids('web')];
    const load = rig.load({ port, clients: CLIENTS });
    rmSync(rig.path('evenkeel.config.yaml'));
    replace(rig.path('evenkeel.config.yaml'));
    for (const command of ['plan', 'reload']) expect((await rig.cli(command)).code, command).toBe(2);
    expect((await rig.cli('check')).code).toBe(2);
    expect(await rig.pids('web')).toEqual(pids);
    rmSync(rig.path('evenkeel.config.yaml'), { recursive: true, force: true });
    rig.write('evenkeel.config.yaml', good.replace('VERSION: "1"', 'VERSION: "2"'));
    const loss = await expectTaken(rig, load);
    report(context, {
      ...{ chapter: 'Configs', fault: `${what} instead of the config`, promise: 'P3', requests: requestsOf(loss) },
      result: 'exit code 2, the same workers; the good one is taken again',
    });
  });
});

describe('a config that is a program and', LONG, () => {
  test.for(PROGRAMS)('%s', async ([what, code], context) => {
    const port = await freePort();
    const app = JSON.stringify({ web: server('http', port) });
    const good = `console.log('printed to stdout');\nexport default { apps: ${app} };\n`;
    await using rig = await createRig({ configFile: 'evenkeel.config.mjs', configText: good });
    await rig.run('start');
    const pids = await rig.pids('web');
    const load = rig.load({ port, clients: CLIENTS });
    rig.write('evenkeel.config.mjs', `${code}\n${good}`);
    const { code: exit } = await rig.cli('reload');
    // What never ends is ended at the deadline.
    expect(exit).toBe(['never returns', 'waits for ever'].includes(what) ? 4 : 2);
    expect(await rig.pids('web')).toEqual(pids);
    expect(processesOf(rig.dir).filter(({ command }) => command.includes('dist/config/'))).toEqual([]);
    rig.write('evenkeel.config.mjs', good.replace('"VERSION":"1"', '"VERSION":"2"'));
    const loss = await expectTaken(rig, load);
    report(context, {
      ...{
        chapter: 'Configs',
        fault: `a config that is a program and ${what}`,
        promise: 'P3',
        requests: requestsOf(loss),
      },
      result: `exit code ${exit}, the same workers, no loader left; the good one is taken again`,
    });
  });
});

/** It is loaded as long as there is a file `loading`, in which it writes who loads it. */
const SLOW = `
import { existsSync, writeFileSync } from 'node:fs';
writeFileSync('loading', String(process.pid));
while (existsSync('loading')) await new Promise((done) => setTimeout(done, 20));
`;

describe('the config loader, which gets', LONG, () => {
  test.for(['SIGKILL', 'SIGSTOP'] as const)('%s', async (signal, context) => {
    const port = await freePort();
    const app = JSON.stringify({ web: server('http', port) });
    const good = `export default { apps: ${app} };\n`;
    await using rig = await createRig({ configFile: 'evenkeel.config.mjs', configText: good });
    await rig.run('start');
    const pids = await rig.pids('web');
    const load = rig.load({ port, clients: CLIENTS });
    rig.write('evenkeel.config.mjs', `${SLOW}${good}`);
    const reload = rig.spawnCli(['reload']);
    const loader = await eventually('it is loaded', () => existsSync(rig.path('loading')) && rig.read('loading'));
    process.kill(Number(loader), signal);
    const { code, stderr } = await reload.ended;
    expect([code, stderr]).toEqual([signal === 'SIGKILL' ? 2 : 4, expect.stringContaining('evenkeel.config.mjs')]);
    expect(await rig.pids('web')).toEqual(pids);
    await eventually('no loader is left', () => !isAlive(Number(loader)));
    rmSync(rig.path('loading'));
    rig.write('evenkeel.config.mjs', good.replace('"VERSION":"1"', '"VERSION":"2"'));
    const loss = await expectTaken(rig, load);
    report(context, {
      ...{ chapter: 'Killed and stopped processes', promise: 'P3', requests: requestsOf(loss) },
      fault: `${signal} of the config loader, in a reload`,
      result: `exit code ${code}, the same workers, no loader left; the next reload works`,
    });
  });
});

/** The config is a good one again, with version 2. */
async function expectTaken(rig: Rig, load: Load): Promise<LoadReport> {
  await rig.run('reload');
  load.lap();
  await load.sees('2');
  const loss = await load.stop();
  expect(loss).toMatchObject({ failed: 0, failures: [] });
  return loss;
}

test(`${RUNS} random configs`, LONG, (context) => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  expectAnswers(RUNS, seed);
  report(context, {
    ...{ chapter: 'Random input', fault: `${RUNS.toLocaleString('en-US')} random and mutated configs`, promise: 'P3' },
    ...{ seed, result: 'each gave an ecosystem or located problems' },
  });
});
