// From a config as it was read to a resolved ecosystem: validate, merge, interpolate, complete, normalize, rules. Each
// stage goes on with what is right, so that every problem of a file is found at once. (config loader)

import { basename, dirname, resolve } from 'node:path';
import { type Data, isRecord } from '../core/is-record.ts';
import type { ConfigProblem } from '../core/problem.ts';
import { DEPLOY_SIGNALS, type EcosystemSpec } from '../core/spec.ts';
import { AppValues } from './app-values.ts';
import { describeBareDuration, findBareDurations } from './bare-durations.ts';
import { checkProfiles } from './check-profiles.ts';
import { complete } from './complete.ts';
import type { ConfigSource } from './config-source.ts';
import { collectFaults, type Fault, type Report } from './fault.ts';
import type { Files } from './files.ts';
import { hideValues, type UsedVariables } from './hide-values.ts';
import { interpolate, isTemplate, type Variables } from './interpolate.ts';
import { formatKeyPath, type KeyPath, valueAt } from './key-path.ts';
import { type Flattened, flattenLayers } from './layers.ts';
import { locateFaults } from './locate-faults.ts';
import { type NormalizeContext, normalizeApp } from './normalize-app.ts';
import { prune } from './prune.ts';
import { checkRules } from './rules/check-rules.ts';
import type { AppDraft } from './rules/draft.ts';
import { readSchema, subschema } from './schema.ts';
import type { Users } from './users.ts';
import { validateConfig } from './validate.ts';

export interface ResolveOptions {
  readonly profile: string | null;
  /** What `${VAR}` and `inheritEnv` mean. */
  readonly variables: Variables;
  /** CPUs that may be used: "max". */
  readonly cpus: number;
  readonly files: Files;
  readonly users: Users;
  /** See LoaderBoot. */
  readonly strict: boolean;
}

export type Resolution =
  | { readonly ok: true; readonly ecosystem: EcosystemSpec }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

export function resolveConfig(source: ConfigSource, options: ResolveOptions): Resolution {
  const schema = readSchema();
  if (source.faults.some(({ path }) => path.length === 0)) {
    return { ok: false, problems: locateFaults(source, source.faults) };
  }
  const written = [...source.faults, ...checkWritten(source), ...checkProfiles(source.value, options.profile)];
  const sound = prune(source.value, written.map(pathOf));
  const flattened = flattenLayers(sound, options.profile);
  const expanded = expandTexts(flattened, options.variables);
  const { faults, report } = collectFaults();
  const folder = source.scriptsFolder ?? dirname(source.file);
  const drafts = draftApps(schema, expanded.config, { ...options, folder, report });
  const apps = drafts.map((draft) => draft.spec);
  const names = isRecord(expanded.config.apps) ? Object.keys(expanded.config.apps) : [];
  const values = new AppValues(complete(schema, schema, expanded.config));
  const stateDir = resolve(folder, values.text('stateDir'));
  checkRules({
    ...{ apps: drafts, names, file: source.file, folder, stateDir },
    files: options.files,
    users: options.users,
    strict: options.strict,
    originOf: flattened.originOf,
    generated: source.scriptsFolder !== undefined,
    report,
  });
  const shown = [...expanded.faults, ...faults].map((fault) => hideValues(fault, expanded.used));
  const merged = shown.map((fault) => ({ ...fault, path: flattened.originOf(fault.path) }));
  const problems = locateFaults(source, [...written, ...merged]);
  if (problems.length > 0) return { ok: false, problems };
  const notices = noticesOf(schema, drafts, flattened);
  const ecosystem: EcosystemSpec = {
    file: source.file,
    name: values.optionalText('name') ?? (basename(folder) || 'evenkeel'),
    stateDir,
    profile: options.profile,
    deploySignal: values.get('deploySignal') === null ? null : values.choice('deploySignal', DEPLOY_SIGNALS),
    apps,
    ...(notices.length === 0 ? {} : { notices }),
  };
  return { ok: true, ecosystem };
}

/** What is in the defaults is told once. */
function noticesOf(schema: Data, drafts: readonly AppDraft[], { originOf }: Flattened): readonly string[] {
  const part = subschema(schema, ['definitions', 'app']);
  const found = drafts.flatMap(({ spec, given }) => findBareDurations(schema, part, given, ['apps', spec.name]));
  return [...new Set(found.map(({ path, value }) => describeBareDuration(formatKeyPath(originOf(path)), value)))];
}

/** What was no data is undefined by now, and of no type. */
function checkWritten({ value, faults }: ConfigSource): readonly Fault[] {
  const reported = new Set(faults.map(({ path }) => formatKeyPath(path)));
  return validateConfig(value).filter(({ at, path }) => at === 'key' || !reported.has(formatKeyPath(path)));
}

const pathOf = (fault: Fault): KeyPath => fault.path;

interface Expanded {
  readonly config: Data;
  readonly faults: readonly Fault[];
  readonly used: UsedVariables;
}

/** Fills in variables, and validates again: a text may have become one that is wrong. */
function expandTexts({ config }: Flattened, variables: Variables): Expanded {
  const { faults, report } = collectFaults();
  const used = new Map<string, string>();
  const filled = interpolate(config, { variables, report, onUsed: (name, value) => void used.set(name, value) });
  // What was wrong before is undefined by now.
  const wrong = validateConfig(filled, (path, text) => quoteTemplate(valueAt(config, path), text)).filter(
    (fault) => valueAt(filled, fault.path) !== undefined,
  );
  const sound = prune(filled, wrong.map(pathOf));
  return { config: isRecord(sound) ? sound : {}, faults: [...faults, ...wrong], used };
}

/** A variable's value may be a secret: what was written shows instead. */
function quoteTemplate(written: unknown, text: string): string {
  if (typeof written !== 'string' || !isTemplate(written)) return JSON.stringify(text);
  return `${JSON.stringify(written)}, filled in,`;
}

function draftApps(schema: Data, config: Data, context: NormalizeContext): readonly AppDraft[] {
  const part = subschema(schema, ['definitions', 'app']);
  const apps = isRecord(config.apps) ? Object.entries(config.apps) : [];
  return apps
    .filter(([, app]) => app !== undefined)
    .map(([name, given]) => {
      const report: Report = (path, ...rest) => context.report(['apps', name, ...path], ...rest);
      const values = new AppValues(complete(schema, part, given));
      return { given, spec: normalizeApp(name, values, { ...context, report }) };
    });
}
