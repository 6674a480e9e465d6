// Pure: what a problem of the config says, with the values of variables taken out: they may be secret. (config loader)

import type { Fault } from './fault.ts';

/** By name. */
export type UsedVariables = ReadonlyMap<string, string>;

/** In the place of a value shows what was written: `${NAME}`. */
export function hideValues(fault: Fault, used: UsedVariables): Fault {
  const names = [...used.keys()].filter((name) => isTelling(used.get(name) ?? ''));
  names.sort((one, other) => (used.get(other) ?? '').length - (used.get(one) ?? '').length);
  const hide = (text: string): string =>
    names.reduce((shown, name) => shown.replaceAll(used.get(name) ?? '', () => `\${${name}}`), text);
  return { ...fault, message: hide(fault.message), hint: fault.hint === null ? null : hide(fault.hint) };
}

/** Shorter ones, ports for example, are no secret, and would be found where they have nothing to do with it. */
function isTelling(value: string): boolean {
  return value.length >= 6 || (value.length >= 4 && !/^\d+$/.test(value));
}
