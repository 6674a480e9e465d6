// Puts values in the place of the functions in a config that is a program. They are called anew each time that the config
// is read. (config loader)

import type { ConfigContext } from './define-config.ts';
import type { Report } from './fault.ts';
import type { KeyPath } from './key-path.ts';
import { FAILED, isPlain } from './plain-data.ts';

/** Functions that give functions; more are a mistake. */
const MAX_CALLS = 8;
/** Deeper is refused later, with its place. */
const MAX_DEPTH = 40;

/** Reports a function that throws; its value is FAILED then. */
export function computeValues(value: unknown, context: ConfigContext, report: Report): Promise<unknown> {
  return compute(value, [], { context, report });
}

interface Computation {
  readonly context: ConfigContext;
  readonly report: Report;
}

async function compute(given: unknown, path: KeyPath, computation: Computation): Promise<unknown> {
  const value = typeof given === 'function' ? await call(given, path, computation) : given;
  if (typeof value !== 'object' || value === null || !isPlain(value) || path.length > MAX_DEPTH) return value;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const [index, item] of value.entries()) items.push(await compute(item, [...path, index], computation));
    return items;
  }
  const computed: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value))
    computed.push([key, await compute(item, [...path, key], computation)]);
  return Object.fromEntries(computed);
}

async function call(first: unknown, path: KeyPath, { context, report }: Computation): Promise<unknown> {
  let value: unknown = first;
  try {
    for (let calls = 0; typeof value === 'function' && calls < MAX_CALLS; calls += 1) value = await value(context);
    return value;
  } catch (error) {
    // A whole config that throws is told with the line.
    if (path.length === 0) throw error;
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    report(path, `the function threw ${what.trim().replace(/\s*\n\s*/g, ' ')}`);
    return FAILED;
  }
}
