// Which tests `npm test` leaves to other commands, so that it takes a few minutes. To `npm run test:more`: what lies beyond
// the core, and what takes many seconds; for a whole file `@module-tag more` at its top says so. To `npm run test:long`:
// variants of what another test shows, and what goes on for long.

export interface Tier {
  readonly tags: string[];
}

export const MORE: Tier = { tags: ['more'] };

export const LONG: Tier = { tags: ['long'] };

export function longUnless(isShort: boolean): Tier {
  return isShort ? { tags: [] } : LONG;
}

/** A table for `test.each`, of which the first row is enough for `npm test`: its parts, each with its tags. */
export function tiers<const Row>(rows: readonly Row[]): readonly (readonly [rows: readonly Row[], tier: Tier])[] {
  return [
    [rows.slice(0, 1), longUnless(true)],
    [rows.slice(1), LONG],
  ];
}
