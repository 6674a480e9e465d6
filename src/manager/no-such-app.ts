// Manager: the refusal of a name that nobody knows.

import { EvenkeelError } from '../core/errors.ts';

export function noSuchApp(name: string, known: readonly string[]): EvenkeelError {
  const hint = known.length === 0 ? 'The config has no apps.' : `Known apps: ${known.join(', ')}.`;
  return new EvenkeelError('NO_SUCH_APP', `there is no app named "${name}"`, { hint });
}
