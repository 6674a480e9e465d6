// Manager: the bodies of the control API's requests, checked. Each throws BAD_REQUEST with the path of what is wrong.

import { type Data, isRecord } from '../../core/is-record.ts';
import { MAX_WORKERS } from '../../core/spec.ts';
import { parseSignal } from '../../platform/parse-signal.ts';
import type {
  AbortBody,
  DeployBody,
  DeployOptions,
  ReloadBody,
  RollbackBody,
  ScaleBody,
  SendBody,
  SignalBody,
  StartBody,
  StopBody,
} from '../../protocol/control-api.ts';
import {
  asAbsolutePath,
  asBoolean,
  asEnv,
  asEnvChange,
  asInteger,
  asNames,
  asText,
  asTextOrNull,
  type Check,
  checkFields,
  wrong,
} from './fields.ts';

const asWorkers = asInteger(1, MAX_WORKERS);
/** A day. */
const asTimeout = asInteger(0, 24 * 60 * 60 * 1000);

const deployOptions = {
  env: asEnvChange,
  shellEnv: asEnv,
  script: asAbsolutePath,
  cwd: asAbsolutePath,
  workers: asWorkers,
  timeout: asTimeout,
  wait: asBoolean,
};

const asDeployOptions: Check<DeployOptions> = (value, path) => {
  if (!isRecord(value)) throw wrong(path, 'must be an object');
  return checkFields<DeployOptions>(value, deployOptions, `${path}.`);
};

export function emptyBody(body: Data): void {
  checkFields(body, {});
}

export function reloadBody(body: Data): ReloadBody {
  return checkFields<ReloadBody>(body, { profile: asTextOrNull });
}

export function startBody(body: Data): StartBody {
  return checkFields<StartBody>(body, { apps: asNames, reset: asBoolean, keepStopped: asBoolean });
}

export function stopBody(body: Data): StopBody {
  return checkFields<StopBody>(body, { apps: asNames, timeout: asTimeout, forget: asBoolean });
}

export function deployBody(body: Data): DeployBody {
  const checked = checkFields<DeployBody>(body, { apps: asNames, all: asBoolean, options: asDeployOptions });
  if ((checked.apps === undefined) === (checked.all !== true))
    throw wrong('apps', 'or all: true must be given, one of the two');
  return checked;
}

/** Of one app: the options alone. */
export function deployAppBody(body: Data): DeployOptions {
  return checkFields<DeployOptions>(body, deployOptions);
}

export function abortBody(body: Data): AbortBody {
  const { operation } = checkFields<AbortBody>(body, { operation: asInteger(1) });
  if (operation === undefined) throw wrong('operation', 'is missing');
  return { operation };
}

export function rollbackBody(body: Data): RollbackBody {
  return checkFields<RollbackBody>(body, { to: asInteger(1), timeout: asTimeout });
}

export function scaleBody(body: Data): ScaleBody {
  const { workers } = checkFields<ScaleBody>(body, { workers: asWorkers });
  if (workers === undefined) throw wrong('workers', 'is missing');
  return { workers };
}

export function signalBody(body: Data): SignalBody {
  const { signal: given } = checkFields<SignalBody>(body, { signal: asText });
  if (given === undefined) throw wrong('signal', 'is missing');
  const signal = parseSignal(given);
  if (signal !== null) return { signal };
  throw wrong('signal', `is not one that this system has: ${given}`, 'SIGHUP, usr1 or 10, for example.');
}

export function sendBody(body: Data): SendBody {
  const { message } = checkFields<SendBody>(body, { message: (value) => value });
  if (message === undefined) throw wrong('message', 'is missing');
  return { message };
}
