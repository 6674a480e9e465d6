// P8 at a stop: what the workers have written and the log has not taken yet. The log is a pipe whose reader does not read.
//
// @module-tag more

import { expect, test } from 'vitest';
import { puppet } from '../support/apps.ts';
import { freePort } from '../support/free-port.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';
import { startUnread } from '../support/unread-output.ts';

/** 180 KB: more than the pipe takes (64 KB), and less than it and that of the worker together, so that the worker need not wait. */
const LINES = 2000;

interface Unread {
  readonly rig: Rig;
  /** Begins to read; gives what comes until the last writer has gone. */
  read(): Promise<string>;
}

async function startWithLines(): Promise<Unread> {
  const rig = await createRig({
    apps: { web: puppet({ env: { PORT: await freePort() }, logs: { stdout: '-', stderr: null } }) },
  });
  const worker = rig.puppets.next();
  const read = await startUnread(rig);
  const line = (_: unknown, index: number): string => `${index} ${'x'.repeat(80)} end\n`;
  // In one piece: many small ones take far more room in a pipe.
  await (await worker).print(Array.from({ length: LINES }, line).join(''));
  return { rig, read };
}

function numbersIn(output: string): number[] {
  return [...output.matchAll(/^(\d+) x{80} end$/gm)].map((match) => Number(match[1]));
}

test('a reader that comes late gets every line', LONG, async () => {
  const { rig, read } = await startWithLines();
  await using _ = rig;
  const events = await rig.events();
  const stopping = rig.run('stop');
  await events.waitFor('worker-exited');
  const output = read();
  await stopping;
  expect(numbersIn(await output)).toEqual(Array.from({ length: LINES }, (_line, index) => index));
});

test('a reader that never comes holds up the stop for a few seconds, and what that costs is told', LONG, async () => {
  const { rig, read } = await startWithLines();
  await using _ = rig;
  await rig.run('stop');
  const told = rig.read('.evenkeel/manager.log').matchAll(/"log-problem".*\D(\d+) lines were lost/g);
  const lost = [...told].reduce((sum, [, lines]) => sum + Number(lines), 0);
  expect(lost).toBeGreaterThan(0);
  expect(lost).toBeLessThan(LINES);
  // The pipe has what was written; of what was just being written, the beginning.
  expect(numbersIn(await read()).length).toBeGreaterThanOrEqual(LINES - lost);
});
