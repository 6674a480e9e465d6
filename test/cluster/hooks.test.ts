import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runHooks } from '../../src/cluster/hooks.ts';
import type { Hook } from '../../src/core/spec.ts';
import { appSpec } from '../support/spec.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'evenkeel-hooks-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function run(hooks: readonly Hook[], signal = new AbortController().signal) {
  const lines: string[] = [];
  const spec = appSpec({
    cwd: root,
    env: { PATH: process.env.PATH ?? '', COLOR: 'teal' },
    node: { bin: process.execPath, args: [] },
  });
  const result = await runHooks(hooks, { spec, generation: 4, signal, onLine: (_, line) => lines.push(line) });
  return { result, lines };
}

const node = (code: string): Hook => ({ kind: 'command', argv: [process.execPath, '-e', code] });

function moduleHook(code: string): Hook {
  const file = join(root, 'hook.mjs');
  writeFileSync(file, code);
  return { kind: 'module', file };
}

describe('hooks', () => {
  it('run in the folder and the environment of the app, and their output is told line by line', async () => {
    const { result, lines } = await run([
      node('console.log(process.cwd()); console.error(process.env.COLOR, process.env.EVENKEEL_GENERATION)'),
    ]);
    expect(result).toEqual({ ok: true, rewrite: {} });
    expect(new Set(lines)).toEqual(new Set([root, 'teal 4']));
  });

  it('stop at the first that fails, which says why', async () => {
    const { result, lines } = await run([node('process.exit(3)'), node('console.log("never")')]);
    expect(result).toEqual({ ok: false, reason: expect.stringContaining('exited with code 3') });
    expect(lines).toEqual([]);
  });

  it('that do not exist fail', async () => {
    const { result } = await run([{ kind: 'command', argv: ['/no/such/program'] }]);
    expect(result).toEqual({ ok: false, reason: expect.stringContaining('/no/such/program') });
  });

  it('that are modules are called with the deploy and may name another release', async () => {
    const hook = moduleHook("export default async ({ app, generation }) => ({ cwd: app + '-' + generation });");
    expect((await run([hook])).result).toEqual({ ok: true, rewrite: { cwd: 'web-4' } });
  });

  it.each([
    ['throw', 'export default () => { throw new Error("vetoed"); };'],
    ['have no function', 'export const x = 1;'],
    ['return nonsense', 'export default () => ({ script: 7 });'],
    ['write nonsense', 'import { writeSync } from "node:fs"; export default () => void writeSync(3, "{");'],
  ])('that are modules and %s veto the deploy', async (_, code) => {
    expect((await run([moduleHook(code)])).result.ok).toBe(false);
  });

  it('are killed, with all that they started, when the deploy is aborted', async () => {
    const abort = new AbortController();
    const running = run([node('console.log("up"); setInterval(() => {}, 1000)')], abort.signal);
    abort.abort();
    expect((await running).result.ok).toBe(false);
  });

  it('do not run when the deploy was aborted before', async () => {
    const { result, lines } = await run([node('console.log("never")')], AbortSignal.abort());
    expect({ ok: result.ok, lines }).toEqual({ ok: false, lines: [] });
  });

  it('are over when they end, whatever they leave running in the background', async () => {
    const left = 'sleep 60 & echo $!';
    const { result, lines } = await run([{ kind: 'command', argv: ['/bin/sh', '-c', left] }]);
    process.kill(Number(lines[0]), 'SIGKILL');
    expect(result).toEqual({ ok: true, rewrite: {} });
  }, 10_000);
});
