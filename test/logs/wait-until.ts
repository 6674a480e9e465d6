// Waits for a fact of the file system or of another party that tells nothing by itself.

const DEADLINE = 10_000;
const INTERVAL = 10;

/** `what` names what was missing, should it never come true. */
export async function waitUntil(what: string, isTrue: () => boolean): Promise<void> {
  const end = performance.now() + DEADLINE;
  while (!isTrue()) {
    if (performance.now() > end) throw new Error(`waited ${DEADLINE} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL));
  }
}
