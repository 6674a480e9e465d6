// Finds, reads and resolves the config of an ecosystem. (config loader)

import { dirname, resolve } from 'node:path';
import { EvenkeelError } from '../core/errors.ts';
import { noConfig } from '../core/not-found.ts';
import type { ConfigProblem } from '../core/problem.ts';
import type { EcosystemSpec } from '../core/spec.ts';
import { misnamedConfig } from '../platform/misnamed-config.ts';
import type { LoadRequest } from '../protocol/config-loader.ts';
import { folderOfScripts } from '../protocol/script-starts.ts';
import type { Files } from './files.ts';
import type { Variables } from './interpolate.ts';
import { readConfig } from './read-config.ts';
import { resolveConfig } from './resolve-config.ts';
import type { Users } from './users.ts';

export interface LoaderHost {
  readonly variables: Variables;
  readonly cpus: number;
  readonly files: Files;
  readonly users: Users;
  /** See LoaderBoot. */
  readonly strict: boolean;
  /** Called with the config file before any of its code runs. */
  readonly onFound: (file: string) => void;
}

/** Throws NO_CONFIG, or CONFIG_INVALID with every problem of the file. */
export async function loadEcosystem(request: LoadRequest, host: LoaderHost): Promise<EcosystemSpec> {
  const file = await findConfig(request, host.files);
  host.onFound(file);
  const { variables, cpus } = host;
  const read = await readConfig(file, { profile: request.profile, env: variables, cpus });
  if (!read.ok) throw invalidConfig(file, read.problems);
  const resolution = resolveConfig(read.source, { ...host, profile: request.profile });
  if (!resolution.ok) throw invalidConfig(file, resolution.problems);
  return resolution.ecosystem;
}

export function invalidConfig(file: string, problems: readonly ConfigProblem[]): EvenkeelError {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return new EvenkeelError('CONFIG_INVALID', `${file} has ${count}`, { problems });
}

async function findConfig(request: LoadRequest, files: Files): Promise<string> {
  if (request.file === null) {
    const { searchConfig } = await import('./search-config.ts');
    const found = await searchConfig(resolve(request.from));
    if (found !== null) return found;
    throw noConfig(request.from, misnamedConfig(request.from));
  }
  const file = resolve(request.from, request.file);
  const found = await insteadOf(file);
  if (found !== null && files.kindOf(found) !== 'missing') return found;
  const other = request.orBeside === true ? await beside(file) : null;
  if (other !== null) return other;
  throw new EvenkeelError('NO_CONFIG', `the config file ${file} does not exist`, {
    hint: 'Look at --config and EVENKEEL_CONFIG. Has it moved since `evenkeel start`? Then `evenkeel stop`, and start it by its new name.',
  });
}

/** Whoever goes by scripts.json goes by the config that is written beside it, from then on. null: neither is there. */
async function insteadOf(file: string): Promise<string | null> {
  return folderOfScripts(file) === null ? file : await beside(file);
}

async function beside(file: string): Promise<string | null> {
  const { configIn } = await import('./search-config.ts');
  return await configIn(folderOfScripts(file) ?? dirname(file));
}
