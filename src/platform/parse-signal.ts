// Pure: a signal as people write it.

import { constants } from 'node:os';

/** "SIGHUP" for "SIGHUP", "hup", "1" and 1; null: this system has none that is called so. */
export function parseSignal(given: string | number): string | null {
  const text = String(given);
  const name = text.toUpperCase();
  const known = Object.entries(constants.signals).find(
    ([signal, number]) => signal === name || signal === `SIG${name}` || String(number) === text,
  );
  return known?.[0] ?? null;
}
