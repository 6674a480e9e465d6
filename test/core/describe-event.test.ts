import { describe, expect, it } from 'vitest';
import { describeEvent } from '../../src/core/describe-event.ts';
import { describeLoss } from '../../src/core/describe-loss.ts';
import { humanDuration } from '../../src/core/human-duration.ts';
import { EVENT_LINES } from '../cli/support/samples.ts';

describe('describeEvent', () => {
  it.each(EVENT_LINES.map(([event, line]) => [line, event] as const))('%s', (line, event) => {
    expect(describeEvent(event)).toBe(line);
  });
});

describe('describeLoss', () => {
  it('claims nothing about programs that nobody can count', () => {
    expect(describeLoss({ finished: null, cut: null, killed: 1 })).toBe(
      'killed 1; what was drained or cut is not known',
    );
  });

  it('names what was finished, cut and killed', () => {
    expect(describeLoss({ finished: 12, cut: 1, killed: 2 })).toBe('drained 12 requests, cut 1, killed 2');
  });

  it('counts one request as one', () => {
    expect(describeLoss({ finished: 1, cut: 0, killed: 0 })).toBe('drained 1 request, cut 0, killed 0');
  });
});

describe('humanDuration', () => {
  it.each([
    [-5, '0 ms'],
    [0, '0 ms'],
    [999.4, '999 ms'],
    [1000, '1 s'],
    [1234, '1.2 s'],
    [59_949, '59.9 s'],
    [59_990, '1 min'],
    [65_000, '1 min 5 s'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 min'],
    [90_000_000, '1 d 1 h'],
    [172_800_000, '2 d'],
  ])('%d ms is "%s"', (ms, text) => {
    expect(humanDuration(ms)).toBe(text);
  });
});
