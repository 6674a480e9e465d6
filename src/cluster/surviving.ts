// Keeps a bug from taking the rest of a step with it. (cluster process)

/** A bug must not take with it what comes after: it is told as an uncaught exception. */
export function surviving(act: () => void): void {
  try {
    act();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
