// CLI: runs something that goes on until it ends by itself, by Ctrl-C, or because nobody reads stdout any more.

import { EXIT } from '../core/errors.ts';
import type { StreamedOutcome } from './command.ts';
import type { Context } from './context.ts';

export async function followStream(
  { outputClosed, onInterrupt }: Context,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<StreamedOutcome> {
  const interrupted = new AbortController();
  const over = new AbortController();
  const forget = onInterrupt(() => interrupted.abort());
  const end = AbortSignal.any([outputClosed, interrupted.signal, over.signal]);
  try {
    await work(end);
  } catch (error) {
    if (!end.aborted) throw error;
  } finally {
    // What is still open, as the other streams when one has failed, ends with it.
    over.abort();
    forget();
  }
  return { kind: 'streamed', exit: interrupted.signal.aborted ? EXIT.interrupted : EXIT.done };
}
