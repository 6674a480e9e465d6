// Pure: an environment as plain data.

/** Without what is undefined. */
export function definedOf<T>(env: Readonly<Record<string, T | undefined>>): Record<string, T> {
  const defined = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return Object.fromEntries(defined);
}
