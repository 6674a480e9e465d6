import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EvenkeelError, toErrorBody } from '../../src/core/errors.ts';

describe('toErrorBody', () => {
  it('keeps what an expected failure says', () => {
    const error = new EvenkeelError('NO_SUCH_APP', 'there is no app named "wbe"', { hint: 'Known apps: web.' });
    expect(toErrorBody(error)).toEqual({ code: 'NO_SUCH_APP', message: error.message, hint: 'Known apps: web.' });
  });

  it('says what the system refused, and what helps', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    });
    expect(toErrorBody(full)).toMatchObject({
      code: 'SYSTEM_ERROR',
      message: full.message,
      hint: expect.stringContaining('space'),
    });
  });

  it('takes what the system says from real errors too', () => {
    const error = thrownBy(() => readFileSync('/no/such/file'));
    expect(toErrorBody(error)).toMatchObject({
      code: 'SYSTEM_ERROR',
      message: expect.stringContaining('/no/such/file'),
    });
  });

  it('calls everything else a bug', () => {
    for (const thrown of [new TypeError('x is not a function'), 'text', null, undefined, { code: 'ENOSPC' }]) {
      expect(toErrorBody(thrown)).toMatchObject({ code: 'INTERNAL', hint: expect.stringContaining('bug') });
    }
  });
});

function thrownBy(act: () => void): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
