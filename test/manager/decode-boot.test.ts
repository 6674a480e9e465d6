import { expect, test } from 'vitest';
import { decodeBoot } from '../../src/manager/decode-boot.ts';
import type { ManagerBoot } from '../../src/protocol/manager-boot.ts';

const error = { code: 'NO_CONFIG', message: 'no config', details: null };
const BOOT = {
  ...{ from: '/shop', file: '/shop/evenkeel.config.yaml', profile: 'production', stateDir: '/shop/.evenkeel' },
  ...{ config: { ok: false, error }, foreground: true, anew: ['web'] },
};

test('what the CLI sends arrives as it was', () => {
  expect(decodeBoot(JSON.stringify(BOOT))).toEqual(BOOT);
});

test('what need not be there has its default', () => {
  const { from, stateDir, config } = BOOT;
  const rest: Partial<ManagerBoot> = { file: null, profile: null, foreground: false, anew: [] };
  expect(decodeBoot(JSON.stringify({ from, stateDir, config }))).toEqual({ from, stateDir, config, ...rest });
});

test.each([
  ['nothing', ''],
  ['null', 'null'],
  ['a list', '[]'],
  ['no folder', JSON.stringify({ ...BOOT, from: undefined })],
  ['no state directory', JSON.stringify({ ...BOOT, stateDir: 7 })],
  ['no config', JSON.stringify({ ...BOOT, config: undefined })],
  ['a config that is none', JSON.stringify({ ...BOOT, config: { ok: 'yes' } })],
])('%s is refused: a person started it by hand', (_what, text) => {
  expect(() => decodeBoot(text)).toThrow('the manager was not started by evenkeel');
});
