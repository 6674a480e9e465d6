// The pipeline from a request to a resolved ecosystem: find, read, validate, merge, interpolate, complete, normalize,
// rules. A stage goes on with what is right, so that every problem of a file is found at once. (config loader)

import { basename, dirname, resolve } from 'node:path';
import { EvenkeelError } from '../core/errors.ts';
import type { ConfigProblem } from '../core/problem.ts';
import type { AppSpec, EcosystemSpec } from '../core/spec.ts';
import type { LoadRequest } from '../protocol/config-loader.ts';
import { AppValues } from './app-values.ts';
import { complete } from './complete.ts';
import type { ConfigSource } from './config-source.ts';
import { didYouMean } from './did-you-mean.ts';
import { collectFaults, type Fault } from './fault.ts';
import type { Files } from './files.ts';
import { interpolate, type Variables } from './interpolate.ts';
import { type Data, isRecord } from './is-record.ts';
import { formatKeyPath, valueAt } from './key-path.ts';
import { flattenLayers } from './layers.ts';
import { locateFaults } from './locate-faults.ts';
import { normalizeApp } from './normalize-app.ts';
import { prune } from './prune.ts';
import { readConfig } from './read-config.ts';
import { checkAddresses } from './rules/addresses.ts';
import { checkDependencies } from './rules/dependencies.ts';
import type { AppDraft } from './rules/draft.ts';
import { checkLimits } from './rules/limits.ts';
import { checkLogs } from './rules/logs.ts';
import { checkPrograms } from './rules/program.ts';
import { checkReadiness } from './rules/readiness.ts';
import { readSchema, subschema } from './schema.ts';
import { createValidator } from './validate.ts';
