// Ecosystems of many small apps.

/** `app(name)` gives one; gives { name: app }. */
export function evenkeelApps(count, app) {
  return Object.fromEntries(names(count).map((name) => [name, app(name)]));
}

export function names(count) {
  return Array.from({ length: count }, (_, index) => `app${index}`);
}
