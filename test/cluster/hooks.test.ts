// Hooks: what they are given, how they end, what they may say, and that none of them gets the better of us.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HookLines } from '../../src/cluster/hook-output.ts';
import { type HookResult, runHooks } from '../../src/cluster/hooks.ts';
import type { AppSpec, Hook } from '../../src/core/spec.ts';
import { eventually } from '../support/eventually.ts';
import { isAlive } from '../support/process-table.ts';
import { appSpec } from '../support/spec.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'evenkeel-hooks-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

interface RunOptions {
  readonly signal?: AbortSignal;
  readonly slot?: number;
  readonly spec?: Partial<AppSpec>;
}

interface Run {
  readonly result: HookResult;
  /** The last ones, as a result has them. */
  readonly lines: readonly string[];
  /** Those that became events. */
  readonly told: readonly string[];
}

async function run(hooks: readonly Hook[], { signal, slot, spec: change }: RunOptions = {}): Promise<Run> {
  const told: string[] = [];
  const lines = new HookLines((_, line) => told.push(line));
  const spec = appSpec({
    cwd: root,
    script: join(root, 'server.js'),
    env: { PATH: process.env.PATH ?? '', COLOR: 'teal' },
    node: { bin: process.execPath, args: [] },
    ...change,
  });
  const result = await runHooks(hooks, {
    ...{ key: 'deploy.before', spec, generation: 4, slot: slot ?? null, cwd: spec.cwd, script: spec.script, lines },
    signal: signal ?? new AbortController().signal,
  });
  return { result, lines: lines.last, told };
}

const node = (code: string): Hook => ({ kind: 'command', argv: [process.execPath, '-e', code] });

let modules = 0;
function moduleHook(code: string, extension = 'mjs'): Hook {
  modules += 1;
  const file = join(root, `hook-${modules}.${extension}`);
  writeFileSync(file, code);
  return { kind: 'module', file };
}

const passed = () => ({ ok: true, cwd: root, script: join(root, 'server.js') });

describe('hooks', () => {
  it('run in the folder and the environment of the app, and their output is told line by line', async () => {
    const { result, lines, told } = await run([
      node('console.log(process.cwd()); console.error(process.env.COLOR, process.env.EVENKEEL_GENERATION)'),
    ]);
    expect(result).toEqual(passed());
    expect(new Set(lines)).toEqual(new Set([root, 'teal 4']));
    expect(told).toEqual(lines);
  });

  it('of a worker know its slot', async () => {
    const say = node('console.log(process.env.EVENKEEL_WORKER)');
    const tell = moduleHook('export default ({ slot }) => console.log("slot", slot);');
    expect((await run([say, tell], { slot: 2 })).lines).toEqual(['2', 'slot 2']);
    expect((await run([say, tell])).lines).toEqual(['undefined', 'slot undefined']);
  });

  it('stop at the first that fails, which says why', async () => {
    const { result, lines } = await run([node(''), node('process.exit(3)'), node('console.log("never")')]);
    expect(result).toEqual({ ok: false, reason: 'hook deploy.before[1] exited with code 3' });
    expect(lines).toEqual([]);
  });

  it('that do not exist, have no folder, or no user, fail', async () => {
    const missing: Hook = { kind: 'command', argv: ['/no/such/program', 'hunter2'] };
    const reason = async (options: RunOptions = {}) => {
      const { result } = await run([missing], options);
      return result.ok ? 'passed' : result.reason;
    };
    expect(await reason()).toBe('hook deploy.before[0] could not be started: there is no such program (ENOENT)');
    expect(await reason({ spec: { cwd: '/no/such/folder' } })).toMatch(/there is no folder \/no\/such\/folder/);
    expect(await reason({ spec: { user: 'nobody-of-that-name' } })).toMatch(/nobody-of-that-name/);
  });

  it('are killed, with all that they started, when the deploy is aborted', async () => {
    const abort = new AbortController();
    const hook: Hook = { kind: 'command', argv: ['/bin/sh', '-c', 'sleep 600 & echo $!; wait'] };
    const told: string[] = [];
    const lines = new HookLines((_, line) => {
      told.push(line);
      abort.abort();
    });
    const spec = appSpec({ cwd: root, env: { PATH: process.env.PATH ?? '' } });
    const scene = { spec, generation: 1, slot: null, cwd: root, script: null, lines, signal: abort.signal };
    const key = 'deploy.before';
    expect(await runHooks([hook], { key, ...scene })).toMatchObject({
      ok: false,
      reason: expect.stringContaining('SIGKILL'),
    });
    await eventually('its child is gone', () => !isAlive(Number(told[0])));
  });

  it('are named by their place: what they are called with may be secret', async () => {
    const names: string[] = [];
    const lines = new HookLines((name) => names.push(name));
    const spec = appSpec({ cwd: root, env: { PATH: process.env.PATH ?? '' } });
    const scene = { spec, generation: 1, slot: null, cwd: root, script: null, lines };
    const hook: Hook = { kind: 'command', argv: ['/bin/sh', '-c', 'echo said', 'hunter2'] };
    await runHooks([hook, hook], { key: 'deploy.after', ...scene, signal: new AbortController().signal });
    expect(names).toEqual(['deploy.after[0]', 'deploy.after[1]']);
  });

  it('do not run when the deploy was aborted before', async () => {
    const { result, lines } = await run([node('console.log("never")')], { signal: AbortSignal.abort() });
    expect({ ok: result.ok, lines }).toEqual({ ok: false, lines: [] });
  });

  it('are over when they end, whatever they leave running in the background', async () => {
    const left = 'sleep 60 & echo $!';
    const { result, lines } = await run([{ kind: 'command', argv: ['/bin/sh', '-c', left] }]);
    process.kill(Number(lines[0]), 'SIGKILL');
    expect(result).toEqual(passed());
  }, 10_000);
});

describe('row 19: module hooks', () => {
  it.each(['mjs', 'cjs'])('are called with the deploy and may name another release (%s)', async (extension) => {
    const body =
      "({ app, generation, script, cwd }) => ({ cwd: [app, generation, script === cwd + '/server.js'].join('-') })";
    const code = extension === 'mjs' ? `export default ${body};` : `module.exports = ${body};`;
    const cwd = join(root, 'web-4-true');
    // The script is a part of the release.
    expect((await run([moduleHook(code, extension)])).result).toEqual({
      ok: true,
      cwd,
      script: join(cwd, 'server.js'),
    });
  });

  it.each([
    [
      'a script, relative to the folder',
      '{ script: "other.js" }',
      () => ({ cwd: root, script: join(root, 'other.js') }),
    ],
    ['a script, absolute', '{ script: "/srv/x.js" }', () => ({ cwd: root, script: '/srv/x.js' })],
    [
      'both: the script is in the folder that is named',
      '{ cwd: "r2", script: "b.js" }',
      () => ({ cwd: join(root, 'r2'), script: join(root, 'r2/b.js') }),
    ],
    ['nothing', 'undefined', () => ({ cwd: root, script: join(root, 'server.js') })],
  ])('may return %s', async (_, answer, place) => {
    expect((await run([moduleHook(`export default async () => (${answer});`)])).result).toEqual({
      ok: true,
      ...place(),
    });
  });

  it('what one names, those after it see, and run there', async () => {
    mkdirSync(join(root, 'r2'));
    const { result, lines } = await run([
      moduleHook('export default () => ({ cwd: "r2" });'),
      node('console.log(process.cwd())'),
      moduleHook('export default ({ script }) => console.log(script);'),
    ]);
    expect(lines).toEqual([join(root, 'r2'), join(root, 'r2/server.js')]);
    expect(result).toMatchObject({ ok: true, cwd: join(root, 'r2') });
  });

  it('are over when their function is, whatever keeps the process busy', async () => {
    const code = 'export default () => { setInterval(() => {}, 1000); console.log("done"); };';
    expect(await run([moduleHook(code)])).toMatchObject({ result: { ok: true }, lines: ['done'] });
  });

  it.each([
    ['throw', 'export default () => { throw new Error("not on a Friday"); };', 'exited with code 1'],
    ['reject', 'export default async () => { throw new Error("not on a Friday"); };', 'exited with code 1'],
    ['exit with 3', 'export default () => process.exit(3);', 'exited with code 3'],
    ['wait for ever', 'export default () => new Promise(() => {});', 'waits? for something that never comes'],
    ['have no function', 'export const x = 1;', 'exited with code 1'],
    ['return no path', 'export default () => ({ script: 7 });', 'returned a script or cwd that is not a path'],
    ['return no object', 'export default () => "r2";', 'returned what is no object'],
    ['return a book', 'export default () => ({ x: "x".repeat(1e6) });', 'returned too much'],
    [
      'write nonsense',
      'import { writeSync } from "node:fs"; export default () => void writeSync(3, "{");',
      'returned what is no object',
    ],
  ])('that %s veto the deploy', async (_, code, reason) => {
    const { result, lines } = await run([moduleHook(code)]);
    expect(result).toEqual({ ok: false, reason: expect.stringMatching(reason) });
    if (code.includes('Friday')) expect(lines.join('\n')).toContain('not on a Friday');
  });

  it('of a worker may not name a release: that of its generation is fixed', async () => {
    const { result } = await run([moduleHook('export default () => ({ cwd: "r2" });')], { slot: 0 });
    expect(result).toMatchObject({ ok: false, reason: expect.stringContaining('only a hook of deploy.before may') });
  });
});

describe('the output of hooks', () => {
  it('10 MB of it end a deploy no differently: the first lines are told, the last are kept', async () => {
    const code = 'for (let n = 1; n <= 100000; n++) console.log(String(n).padEnd(100, "x"));';
    const { result, lines, told } = await run([node(code)]);
    expect(result.ok).toBe(true);
    expect([lines.length, lines[0]?.slice(0, 5), lines.at(-1)?.slice(0, 6)]).toEqual([200, '99801', '100000']);
    expect([told.length, told[0]?.slice(0, 2)]).toEqual([500, '1x']);
    expect(told.at(-1)).toMatch(/^\(more than 500 lines/);
  });

  it('10 MB without a line break come in pieces', async () => {
    const { lines } = await run([node('process.stdout.write("é".repeat(5e6) + "end")')]);
    expect(Math.max(...lines.map((line) => line.length))).toBe(4_000);
    expect(lines.at(-1)).toMatch(/^é*end$/);
  });
});
