// Which tests `npm test` leaves to `npm run test:long`: variants of what another test shows, and what goes on for long.

interface Tier {
  readonly tags: string[];
}

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
