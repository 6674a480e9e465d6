import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { EvenkeelEvent } from '../../src/core/events.ts';
import { EventLog, lastEvents } from '../../src/logs/event-log.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitUntil } from './wait-until.ts';

const event = (n: number): EvenkeelEvent => ({
  type: 'scaled',
  time: '2026-01-01T00:00:00.000Z',
  app: 'web',
  from: n,
  to: n + 1,
});

function openLog(path = join(tempDir(), 'manager.log')): { log: EventLog; path: string; problems: string[] } {
  const problems: string[] = [];
  const log = new EventLog(path, (message) => problems.push(message));
  onTestFinished(() => log.close());
  return { log, path, problems };
}

describe('EventLog', () => {
  it('gives the newest events, also those just appended', async () => {
    const { log, problems } = openLog();
    for (const n of [1, 2, 3]) log.append(event(n));
    expect(await log.last(2)).toEqual([event(2), event(3)]);
    expect(await log.last(99)).toEqual([event(1), event(2), event(3)]);
    expect(problems).toEqual([]);
  });

  it('goes on with the log of an earlier manager', async () => {
    const first = openLog();
    first.log.append(event(1));
    await first.log.close();
    const second = openLog(first.path);
    second.log.append(event(2));
    expect(await second.log.last(9)).toEqual([event(1), event(2)]);
  });

  it('can be read where no manager runs, lines that are no events left out', async () => {
    const { log, path } = openLog();
    log.append(event(1));
    await log.close();
    appendFileSync(path, 'no JSON\n"no object"\n{"type":"scaled"}\n{"half');
    expect(await lastEvents(path, 9)).toEqual([event(1)]);
    expect(await lastEvents(`${path}.none`, 9)).toEqual([]);
  });

  it('is nobody else’s business', async () => {
    const { log, path } = openLog();
    log.append(event(1));
    await log.last(1);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is made anew after it was removed, when somebody has it look', async () => {
    const { log, path } = openLog();
    log.append(event(1));
    await log.last(1);
    rmSync(path);
    await waitUntil('the log is made anew', () => {
      log.look();
      return existsSync(path);
    });
    log.append(event(2));
    expect(await log.last(9)).toEqual([event(2)]);
  });

  it('does not make its folder, which is to be private; what came meanwhile is written when it is there', async () => {
    const { log, path, problems } = openLog();
    log.append(event(1));
    await log.last(1);
    rmSync(dirname(path), { recursive: true });
    await waitUntil('the log is told to be missing', () => {
      log.append(event(2));
      return problems.length > 0;
    });
    expect(existsSync(dirname(path))).toBe(false);
    mkdirSync(dirname(path), { mode: 0o700 });
    await waitUntil('the log is back', () => existsSync(path) && readFileSync(path, 'utf8').endsWith('\n'));
    expect((await log.last(1))[0]).toEqual(event(2));
  });
});
