// Closes what was opened, once, whatever happens in between, and also when the whole suite is interrupted.

const uses = new Set();
let state = 'running';

/** Opens, works, closes; gives what the work gives. `open`: gives what has `close()`, or a promise of it. */
export async function using(open, work) {
  if (state === 'interrupted') throw new Error('interrupted');
  const opening = Promise.resolve(open());
  const use = { close: once(async () => (await opening).close()) };
  uses.add(use);
  try {
    const subject = await opening;
    try {
      return await work(subject);
    } finally {
      await use.close();
    }
  } finally {
    uses.delete(use);
  }
}

/** Closes what is open, and what is about to be. Nothing is opened any more. */
export async function interrupt() {
  state = 'interrupted';
  await Promise.allSettled([...uses].map((use) => use.close()));
}

function once(work) {
  let done = null;
  return () => {
    done ??= work();
    return done;
  };
}
