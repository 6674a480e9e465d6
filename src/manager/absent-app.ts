// Manager: the refusal of an app that is not there, or does not run.

import { EvenkeelError } from '../core/errors.ts';

export function noSuchApp(name: string, known: readonly string[]): EvenkeelError {
  const hint = known.length === 0 ? 'The config has no apps.' : `Known apps: ${known.join(', ')}.`;
  return new EvenkeelError('NO_SUCH_APP', `there is no app named "${name}"`, { hint });
}

export function notRunning(app: string): EvenkeelError {
  return new EvenkeelError('APP_STOPPED', `${app} is not running`, { hint: `\`evenkeel start ${app}\` starts it.` });
}
