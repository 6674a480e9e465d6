// Reads a config file of any kind that is known. (config loader)

import { basename, extname } from 'node:path';
import { isRecord } from '../core/is-record.ts';
import { folderOfScripts } from '../protocol/script-starts.ts';
import { type ConfigSource, EMPTY_HINT, type ReadResult, unreadable } from './config-source.ts';
import type { ConfigContext } from './define-config.ts';
import type { Fault } from './fault.ts';
import { valueAt } from './key-path.ts';
import { readText } from './read-text.ts';

const FORMATS = new Map<string, 'yaml' | 'json' | 'module'>([
  ['.yaml', 'yaml'],
  ['.yml', 'yaml'],
  ['', 'yaml'],
  ['.json', 'json'],
  ['.js', 'module'],
  ['.mjs', 'module'],
  ['.cjs', 'module'],
  ['.ts', 'module'],
]);

/** `file`: absolute. `context`: for a config that is a program. */
export async function readConfig(file: string, context: ConfigContext): Promise<ReadResult> {
  const scriptsFolder = folderOfScripts(file);
  if (scriptsFolder !== null) {
    const { readScripts } = await import('./read-scripts.ts');
    return readScripts(file, scriptsFolder);
  }
  const content = readText(file);
  if (!content.ok) return unreadable(file, `the file ${content.reason}`, null);
  const format = FORMATS.get(extname(file));
  if (format === undefined) {
    return unreadable(
      file,
      `a config cannot be a ${extname(file)} file`,
      `use ${[...FORMATS.keys()].filter(Boolean).join(', ')}`,
    );
  }
  if (content.text.trim() === '') return unreadable(file, 'the config is empty', EMPTY_HINT, { line: 1, column: 1 });
  if (format === 'module') {
    const { loadModule } = await import('./load-module.ts');
    return loadModule(file, context);
  }
  const { parseText } = await import('./parse-text.ts');
  const result = parseText(file, content.text, format);
  return result.ok && basename(file) === 'package.json' ? fromPackage(result.source) : result;
}

/** As it is in our part; null: it is in another one. */
function inPackage(fault: Fault): Fault | null {
  const [key, ...path] = fault.path;
  return key === undefined || key === 'evenkeel' ? { ...fault, path } : null;
}

/** The part of package.json that is ours. */
function fromPackage(source: ConfigSource): ReadResult {
  const { file, value, faults, locate } = source;
  if (!isRecord(value) || !Object.hasOwn(value, 'evenkeel')) {
    return unreadable(file, 'package.json has no key "evenkeel"', null);
  }
  const config: ConfigSource = {
    file,
    value: valueAt(value, ['evenkeel']),
    faults: faults.flatMap((fault) => inPackage(fault) ?? []),
    locate: (path, at) => locate(['evenkeel', ...path], at),
  };
  return { ok: true, source: config };
}
