// Which tests `npm test` leaves to `npm run test:long`: variants of what another test shows, and what goes on for long.

export const LONG = { tags: ['long'] };

export function longUnless(isShort: boolean): { readonly tags: string[] } {
  return isShort ? { tags: [] } : LONG;
}
