import { appendFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { EvenkeelEvent } from '../../src/core/events.ts';
import { EventLog, lastEvents } from '../../src/logs/event-log.ts';
import { tempDir } from '../support/temp-dir.ts';

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
    expect(statSync(path).mode & 0o007).toBe(0);
  });
});
