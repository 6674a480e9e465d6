// Pure: what the history says of a deploy whose cluster process was killed, and how that is known again: who tells of the
// loss does not tell it twice.

const KILLED = 'the cluster process was killed';

/** `isDone`: its generation serves. */
export function describeLostDeploy(reason: string, isDone: boolean): string {
  return `${reason}: ${KILLED} ${isDone ? 'while the old workers drained' : 'during the deploy'}`;
}

/** That alone, without what the deploy was for; null: it was not lost so. */
export function lossIn(reason: string): string | null {
  const at = reason.lastIndexOf(KILLED);
  return at < 0 ? null : reason.slice(at);
}
