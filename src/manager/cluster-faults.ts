// Manager: why a cluster process cannot be asked, or not be started.

import { EvenkeelError } from '../core/errors.ts';

export function clusterLost(app: string): EvenkeelError {
  return new EvenkeelError('CLUSTER_LOST', `${app}: the connection to its cluster process has ended`, {
    hint: 'The manager brings it back; see `evenkeel events`.',
  });
}

/** Whether an error says that the cluster process is gone or hangs, rather than that it refused. */
export function isLoss(error: unknown): boolean {
  return error instanceof EvenkeelError && (error.code === 'CLUSTER_LOST' || error.code === 'TIMED_OUT');
}

/** Whether somebody else has an address that the app declares. */
export function isListenFailed(error: unknown): error is EvenkeelError {
  return error instanceof EvenkeelError && error.code === 'LISTEN_FAILED';
}

export function notRunning(app: string): EvenkeelError {
  return new EvenkeelError('APP_STOPPED', `${app} is not running`, { hint: `\`evenkeel start ${app}\` starts it.` });
}

/** It was lost, and a successor is on its way. `whyDown`: what keeps it from coming, as far as that is known. */
export function notBack({ app, whyDown }: { readonly app: string; readonly whyDown: string | null }): EvenkeelError {
  const why = whyDown === null ? '' : `: ${whyDown}`;
  return new EvenkeelError('CLUSTER_LOST', `${app}: its cluster process was lost, and is not back yet${why}`, {
    hint: 'It goes on being tried; workers that it left serve meanwhile. See `evenkeel status`.',
  });
}

export function startFailed(app: string, cause: unknown): EvenkeelError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new EvenkeelError('CLUSTER_START_FAILED', `${app}: its cluster process did not start: ${why}`, {
    hint: 'manager.out in the state directory has what it wrote. It goes on being tried.',
    cause,
  });
}

/**
 * Of a stop for which no cluster process can be had that would let the workers drain. They are not killed for that: whoever
 * stops an app loses no request.
 */
export function servesOn(app: string, error: unknown): unknown {
  if (!(error instanceof EvenkeelError)) return error;
  const message = `${error.message}; what its last cluster process has left serves on`;
  const hint = `${error.hint ?? ''} Then \`evenkeel stop ${app}\` stops that, too.`.trim();
  return new EvenkeelError(error.code, message, { hint, cause: error });
}
