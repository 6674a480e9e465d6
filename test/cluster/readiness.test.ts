import { describe, expect, it } from 'vitest';
import { asksReplacement, saysReady } from '../../src/cluster/readiness.ts';

const JUNK = [null, undefined, 0, '', 'trash', [], {}, { event: null }, { event: ['ready'] }, { online: true }, true];

describe('messages of an app', () => {
  it.each(['online', 'ready', { event: 'ready' }])('%j says that it is ready', (message) => {
    expect(saysReady(message)).toBe(true);
    expect(asksReplacement(message)).toBe(false);
  });

  it.each(['offline', 'Offline', { event: 'request-restart' }])('%j asks for a replacement', (message) => {
    expect(asksReplacement(message)).toBe(true);
    expect(saysReady(message)).toBe(false);
  });

  it.each(JUNK)('%j says nothing', (message) => {
    expect(saysReady(message)).toBe(false);
    expect(asksReplacement(message)).toBe(false);
  });
});
