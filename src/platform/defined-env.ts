// Pure: an environment as plain data.

/** Without what is undefined. */
export function definedOf<T>(env: Readonly<Record<string, T>>): Record<string, Exclude<T, undefined>> {
  return Object.fromEntries(Object.entries(env).filter(isDefined));
}

function isDefined<T>(entry: [string, T]): entry is [string, Exclude<T, undefined>] {
  return entry[1] !== undefined;
}
