// Waits, but not for ever.

/** True when the work has ended within `deadline` milliseconds; it goes on otherwise. */
export async function endsWithin(deadline: number, work: Promise<unknown> | null): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), deadline);
  });
  const done = Promise.resolve(work).then(() => true);
  const inTime = await Promise.race([done, late]);
  clearTimeout(timer);
  return inTime;
}
