// Where the apps under measurement are.

import { fileURLToPath } from 'node:url';

export const HELLO = pathOf('hello');
export const SLOW_BOOT = pathOf('slow-boot');
export const REPORTING = pathOf('reporting');
export const WRITER = pathOf('writer');
export const IDLE = pathOf('idle');

function pathOf(name) {
  return fileURLToPath(new URL(`../apps/${name}.mjs`, import.meta.url));
}
