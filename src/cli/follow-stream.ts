// CLI: runs something that goes on until it ends by itself, by Ctrl-C, or because nobody reads stdout any more.

import { setMaxListeners } from 'node:events';
import { existsSync } from 'node:fs';
import { stateDirs } from '../client/find-manager.ts';
import { EvenkeelError, EXIT } from '../core/errors.ts';
import { stateLayout } from '../platform/paths.ts';
import type { StreamedOutcome } from './command.ts';
import type { Context } from './context.ts';

export async function followStream(
  context: Context,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<StreamedOutcome> {
  const { outputClosed, onInterrupt } = context;
  const interrupted = new AbortController();
  const over = new AbortController();
  const forget = onInterrupt(() => interrupted.abort());
  const end = AbortSignal.any([outputClosed, interrupted.signal, over.signal]);
  // One for each app or file that is followed, however many these are.
  setMaxListeners(0, end);
  try {
    await work(end);
  } catch (error) {
    if (!end.aborted) await tellOfEnd(context, error);
  } finally {
    // What is still open, as the other streams when one has failed, ends with it.
    over.abort();
    forget();
  }
  return { kind: 'streamed', exit: interrupted.signal.aborted ? EXIT.interrupted : EXIT.done };
}

/** The manager that was followed has gone: returns where it was stopped, throws where it was not. */
async function tellOfEnd(context: Context, error: unknown): Promise<void> {
  if (!(error instanceof EvenkeelError) || error.code !== 'NO_MANAGER') throw error;
  if (await hasLeftPid(context)) {
    throw new EvenkeelError('NO_MANAGER', 'the manager is gone, and was not stopped; what runs goes on without it', {
      hint: '`evenkeel start` brings a manager back, if there is none by now; then this command can be given again.',
      cause: error,
    });
  }
  if (!context.globals.quiet) context.err.write('the manager has stopped\n');
}

/** One that is stopped takes its manager.pid along. */
async function hasLeftPid(context: Context): Promise<boolean> {
  for await (const stateDir of stateDirs(context)) if (existsSync(stateLayout(stateDir).managerPid)) return true;
  return false;
}
