// CLI, pure: a point in time in a table or before a line, always in UTC so that it can be compared.

/** "2026-11-21 04:02:11Z" from ISO 8601. */
export function formatTime(iso: string): string {
  return iso.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
}
