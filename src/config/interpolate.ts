// Pure: fills in `${VAR}` and `${VAR:-default}` from the environment; `$$` is a plain `$`. (config loader)

import { isRecord } from '../core/is-record.ts';
import type { Report } from './fault.ts';
import type { KeyPath } from './key-path.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

const DOLLAR = /\$\$|\$\{([^}]*)(\}?)/g;
const REFERENCE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/** Whether a text changes when it is filled in. */
export function isTemplate(text: string): boolean {
  return text.includes('${') || text.includes('$$');
}

/** Where variables come from, and who is told which were used. */
export interface Filling {
  readonly variables: Variables;
  readonly report: Report;
  onUsed?(name: string, value: string): void;
}

/** A copy with every text filled in. What cannot be is reported and becomes undefined. */
export function interpolate(value: unknown, filling: Filling, path: KeyPath = []): unknown {
  if (typeof value === 'string') return expand(value, filling, path);
  if (Array.isArray(value)) return value.map((item, index) => interpolate(item, filling, [...path, index]));
  if (!isRecord(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [key, interpolate(item, filling, [...path, key])]));
}

function expand(text: string, filling: Filling, path: KeyPath): string | undefined {
  let failed = false;
  const fail = (message: string, hint: string | null): void => filling.report(path, message, { hint });
  const expanded = text.replace(DOLLAR, (match, inner: string | undefined, close: string) => {
    if (match === '$$') return '$';
    const [, name, fallback] = close === '' ? [] : (REFERENCE.exec(inner ?? '') ?? []);
    const value = name === undefined ? undefined : lookUp(name, fallback, filling);
    if (value !== undefined) return value;
    failed = true;
    if (name === undefined)
      fail('`${` does not begin a variable', `write \${NAME} or \${NAME:-default}; for a plain \`\${\` write $$\{`);
    else fail(`the variable ${name} is not set`, `set it, or give a default: \${${name}:-...}`);
    return '';
  });
  if (expanded.includes('\0')) fail('a text must not contain a NUL character', null);
  return failed || expanded.includes('\0') ? undefined : expanded;
}

/** As in a shell, `:-` also stands in for an empty variable. */
function lookUp(name: string, fallback: string | undefined, { variables, onUsed }: Filling): string | undefined {
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (value === undefined || (value === '' && fallback !== undefined)) return fallback?.replaceAll('$$', () => '$');
  onUsed?.(name, value);
  return value;
}
