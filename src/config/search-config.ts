// Finds the config: in a folder or the nearest one above it. (config loader)

import { type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cosmiconfig, type Loader } from 'cosmiconfig';
import { EvenkeelError } from '../core/errors.ts';
import { isRecord } from '../core/is-record.ts';
import { MAX_SCRIPTS_BYTES, SCRIPTS_FILE } from '../protocol/script-starts.ts';
import { describeOddity, MAX_BYTES } from './read-text.ts';

const PLACES = [
  ...['yaml', 'yml', 'json', 'js', 'mjs', 'cjs', 'ts'].map((extension) => `evenkeel.config.${extension}`),
  ...['', '.json', '.yaml', '.yml'].map((extension) => `.evenkeelrc${extension}`),
  'package.json',
  // Gives way to whatever the user has written.
  SCRIPTS_FILE,
];

/** Only looks for files: they are read with positions later, and what they say is not for cosmiconfig to interpret. */
const LOADERS: Record<string, Loader> = {
  ...Object.fromEntries(['.yaml', '.yml', '.js', '.mjs', '.cjs', '.ts', 'noExt'].map((key) => [key, () => true])),
  '.json': (file, text) => (file.endsWith('package.json') ? packageConfig(text) : true),
};

/** The absolute path of the config; null: there is none. `from`: an absolute path. */
export async function searchConfig(from: string): Promise<string | null> {
  for (const folder of upwards(from)) {
    const found = await configIn(folder);
    if (found !== null) return found;
  }
  return null;
}

/** As searchConfig, in this one folder. */
export async function configIn(folder: string): Promise<string | null> {
  // cosmiconfig opens whatever has the name, and opening a FIFO waits forever.
  const searchPlaces = safePlaces(folder);
  if (searchPlaces.length === 0) return null;
  const explorer = cosmiconfig('evenkeel', {
    ...{ searchPlaces, loaders: LOADERS, cache: false, searchStrategy: 'none', ignoreEmptySearchPlaces: false },
  });
  const found = await explorer.search(folder);
  return found === null || isEmptyPackage(found) ? null : found.filepath;
}

/** Of our own files an empty one is a config, which is then refused. */
function isEmptyPackage(found: { readonly filepath: string; readonly isEmpty?: boolean }): boolean {
  return found.isEmpty === true && found.filepath.endsWith('package.json');
}

function* upwards(from: string): Generator<string> {
  for (let folder = from; ; folder = dirname(folder)) {
    yield folder;
    if (folder === dirname(folder)) return;
  }
}

/** The places that may be opened. A first one that may not is an error: a config seems to be meant there. */
function safePlaces(folder: string): string[] {
  const safe: string[] = [];
  for (const place of PLACES) {
    const file = join(folder, place);
    const stats = statOf(file);
    const oddity =
      stats === null ? null : describeOddity(stats, place === SCRIPTS_FILE ? MAX_SCRIPTS_BYTES : MAX_BYTES);
    if (stats !== null && oddity === null) safe.push(place);
    else if (oddity !== null && safe.length === 0 && place !== 'package.json') throw oddFile(file, oddity.reason);
  }
  return safe;
}

function oddFile(file: string, reason: string): EvenkeelError {
  const problem = { file, line: null, column: null, path: '', message: `the file ${reason}`, hint: null };
  return new EvenkeelError('CONFIG_INVALID', `${file} ${reason}`, { problems: [problem] });
}

function statOf(file: string): Stats | null {
  try {
    return statSync(file);
  } catch {
    return null;
  }
}

const OURS = { evenkeel: true };

/** Whether our key is there. In one that cannot be read it is there if it seems to be. */
function packageConfig(text: string): unknown {
  try {
    const content: unknown = JSON.parse(text);
    return isRecord(content) && Object.hasOwn(content, 'evenkeel') ? OURS : {};
  } catch {
    return /"evenkeel"\s*:/.test(text) ? OURS : {};
  }
}
