// Pure: words for the profile that a manager runs with.

/** "with profile production", "without a profile". */
export function describeProfile(profile: string | null): string {
  return profile === null ? 'without a profile' : `with profile ${profile}`;
}

/** How to have it; the empty text stands for none. */
export function reloadCommand(profile: string | null): string {
  return `\`evenkeel reload --profile ${profile ?? '""'}\``;
}
