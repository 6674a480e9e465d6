// Pure: what is said, everywhere in the same words, of an app or a config that there is not.

import { EvenkeelError } from './errors.ts';

/** `known`: the apps that there are. */
export function noSuchApp(name: string, known: readonly string[]): EvenkeelError {
  const hint = known.length === 0 ? 'The config has no apps.' : `There are: ${known.join(', ')}.`;
  return new EvenkeelError('NO_SUCH_APP', `there is no app named "${name}"`, { hint });
}

/** `from`: where the search began. */
export function noConfig(from: string): EvenkeelError {
  return new EvenkeelError('NO_CONFIG', `there is no evenkeel config in ${from}, nor in any folder above it`, {
    hint: '`evenkeel init` writes evenkeel.config.yaml; --config names one elsewhere; `evenkeel start SCRIPT` needs none',
  });
}
