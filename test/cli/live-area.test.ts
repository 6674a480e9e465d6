// What is seen of lines that are drawn over again and again: they, and nothing of those that were there before.

import { describe, expect, it } from 'vitest';
import { createLiveArea } from '../../src/cli/live-area.ts';
import { plainStyle } from '../../src/cli/style.ts';
import { Screen } from '../support/screen.ts';

const COLUMNS = 40;
const ROWS = 10;

async function open() {
  const screen = new Screen(COLUMNS, ROWS);
  const writes: string[] = [];
  screen.write('$ evenkeel start\n');
  const write = (text: string): void => {
    writes.push(text);
    screen.write(text);
  };
  const area = await createLiveArea({ write, isTTY: true, columns: COLUMNS, rows: ROWS, style: plainStyle });
  return { screen, area, writes };
}

describe('the live area', () => {
  it('moves the lines below one that is new', async () => {
    const { screen, area } = await open();
    area.draw(['web  booting', 'api  booting']);
    area.draw(['web  booting', '    worker 0  ready', 'api  booting']);
    area.draw(['web  booting', '    worker 0  ready', '    worker 1  ready', 'api  booting']);
    expect(screen.lines.slice(1)).toEqual([
      ...['web  booting', '    worker 0  ready', '    worker 1  ready', 'api  booting'],
    ]);
  });

  it('leaves nothing of lines that are gone', async () => {
    const { screen, area } = await open();
    area.draw(['web  booting', '    worker 0  ready', '    worker 1  ready', 'api  booting', '    worker 0  ready']);
    area.draw(['web  booting', 'api  booting', '    worker 0  ready']);
    expect(screen.lines.slice(1)).toEqual(['web  booting', 'api  booting', '    worker 0  ready']);
  });

  it('shows each of many frames as it is, below what was printed', async () => {
    const { screen, area } = await open();
    const printed = ['$ evenkeel start'];
    const random = generator(1);
    for (let step = 0; step < 500; step += 1) {
      const frame = Array.from({ length: 1 + random(ROWS - 3) }, () => 'x'.repeat(1 + random(4)) + random(3));
      if (step % 50 === 0) {
        printed.push(`note ${step}`);
        area.print(`note ${step}`);
      }
      area.draw(frame);
      expect(screen.lines, `frame ${step}`).toEqual([...printed, ...frame]);
    }
    area.clear();
    expect(screen.lines).toEqual(printed);
  });

  it('takes lines that are longer than the terminal is wide for as many as they fill', async () => {
    const { screen, area } = await open();
    area.draw(['a'.repeat(COLUMNS + 5), 'b']);
    area.draw(['c', 'd'.repeat(COLUMNS + 5), 'e']);
    expect(screen.lines.slice(1)).toEqual(['c', 'd'.repeat(COLUMNS), 'ddddd', 'e']);
    area.clear();
    expect(screen.lines).toEqual(['$ evenkeel start']);
  });

  it('shows the last lines of a frame that is higher than the terminal', async () => {
    const { screen, area } = await open();
    area.draw(Array.from({ length: ROWS + 5 }, (_, index) => `line ${index}`));
    area.draw(['web  online']);
    expect(screen.lines.at(-1)).toBe('web  online');
    expect(screen.lines.filter((line) => line.startsWith('line'))).toEqual([]);
  });

  it('writes nothing where nothing has changed, and each frame at once', async () => {
    const { area, writes } = await open();
    area.draw(['a', 'b']);
    area.draw(['a', 'b']);
    area.draw(['a', 'c']);
    expect(writes).toHaveLength(2);
  });
});

/** Always the same numbers, from 0 to below `end`. */
function generator(seed: number): (end: number) => number {
  let state = seed;
  return (end) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * end);
  };
}
