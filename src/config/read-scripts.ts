// Reads scripts.json (protocol/script-starts.ts) as the config that its user has not written. (config loader)

import { isRecord } from '../core/is-record.ts';
import { decodeScriptStarts, MAX_SCRIPTS_BYTES, type ScriptStart } from '../protocol/script-starts.ts';
import { NOWHERE, type ReadResult, unreadable } from './config-source.ts';
import { readText } from './read-text.ts';

const HINT = 'remove it, and start the scripts again; or describe them in a config (`evenkeel init`)';

/** `file`: absolute. `folder`: the one in which the scripts were started, which plays the part of the config's folder. */
export function readScripts(file: string, folder: string): ReadResult {
  const content = readText(file, MAX_SCRIPTS_BYTES);
  if (!content.ok) return unreadable(file, `the file ${content.reason}`, null);
  const starts = decodeScriptStarts(dataOf(content.text));
  if (starts === null) return unreadable(file, 'this is not what `evenkeel start SCRIPT` writes', HINT);
  const apps = Object.entries(starts.apps).map(([name, start]) => [name, asConfig(start)]);
  const value = verbatim({ apps: Object.fromEntries(apps) });
  return { ok: true, source: { file, value, faults: [], locate: () => NOWHERE, scriptsFolder: folder } };
}

function asConfig(start: ScriptStart): object {
  const { script, args, cwd, nodeArgs, workers, stdout, stderr, maxLogSize, ready, env, shellEnv } = start;
  const given = (key: string, value: unknown): object => (value === undefined ? {} : { [key]: value });
  return {
    ...{ script, args, cwd, node: { args: nodeArgs } },
    ...given('workers', workers),
    ...(ready === undefined ? {} : { ready: { on: ready } }),
    logs: { ...given('stdout', stdout), ...given('stderr', stderr), ...given('maxSize', maxLogSize) },
    // What the app may inherit is noted here, and not what the manager happens to have when it reads this.
    ...{ inheritEnv: false, env: { ...shellEnv, ...env } },
  };
}

function dataOf(text: string): unknown {
  try {
    const state: unknown = JSON.parse(text);
    return isRecord(state) ? state.data : null;
  } catch {
    return null;
  }
}

/** Nothing in here is a variable to be filled in. */
function verbatim(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$');
  if (Array.isArray(value)) return value.map(verbatim);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, verbatim(item)]));
}
