// Pure: an environment as plain data.

/** What a shell notes for itself: it differs from one prompt to the next, and means nothing to an app. */
const OF_THE_SHELL = ['_', 'SHLVL', 'PWD', 'OLDPWD'];

/** What a shell would pass on, without that. */
export function shellEnvOf(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(definedOf(env)).filter(([name]) => !OF_THE_SHELL.includes(name)));
}

/** Without what is undefined. */
export function definedOf<T>(env: Readonly<Record<string, T | undefined>>): Record<string, T> {
  const defined = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return Object.fromEntries(defined);
}
