// Pure: what is said, everywhere in the same words, of an app or a config that there is not.

import { EvenkeelError } from './errors.ts';

/** For the habits of PM2's users. */
const ALL =
  'All of them are meant by `evenkeel start` and `evenkeel stop` without a name, and by `evenkeel deploy --all`.';

/** `known`: the apps that there are. */
export function noSuchApp(name: string, known: readonly string[]): EvenkeelError {
  const there = known.length === 0 ? 'The config has no apps.' : `There are: ${known.join(', ')}.`;
  const hint = name === 'all' ? `${there} ${ALL}` : there;
  return new EvenkeelError('NO_SUCH_APP', `there is no app named "${name}"`, { hint });
}

/** What was started without a config has no file that anybody edits. `app`: one that runs. */
export function noConfigToReload(app: string): EvenkeelError {
  const message = 'there is no config to reload: what runs was started by `evenkeel start SCRIPT`';
  return new EvenkeelError('NO_CONFIG', message, {
    hint: `\`evenkeel deploy ${app}\` replaces its code, with options its settings; \`evenkeel init --from-running\` writes a config.`,
  });
}

/** `file`: the config that says which apps there are. */
export function notForgotten(file: string): EvenkeelError {
  return new EvenkeelError('BAD_REQUEST', `${file} says which apps there are`, {
    hint: 'Take the app out of it, then `evenkeel reload` stops it. Only what `evenkeel start SCRIPT` has started is forgotten.',
  });
}

/** `from`: where the search began. `misnamed`: a file there that seems to be meant, and the name that it should have. */
export function noConfig(
  from: string,
  misnamed: { readonly name: string; readonly meant: string } | null,
): EvenkeelError {
  const hint =
    misnamed === null
      ? '`evenkeel init` writes evenkeel.config.yaml; --config names one elsewhere; `evenkeel start SCRIPT` needs none'
      : `${misnamed.name} is there, but is not a name that is looked for: did you mean ${misnamed.meant}? Rename it, or give it with --config ${misnamed.name}`;
  return new EvenkeelError('NO_CONFIG', `there is no evenkeel config in ${from}, nor in any folder above it`, { hint });
}
