// Pure: the guard on what the CLI tells a manager that it starts.

import { isLoadAnswer } from '../config/decode-answer.ts';
import { isRecord } from '../core/is-record.ts';
import type { ManagerBoot } from '../protocol/manager-boot.ts';

/** The CLI is of the same version, so the inside of the config is taken as it is. Throws on what is no ManagerBoot. */
export function decodeBoot(text: string): ManagerBoot {
  const value: unknown = text === '' ? null : JSON.parse(text);
  if (!isRecord(value) || typeof value.from !== 'string' || typeof value.stateDir !== 'string') throw notOurs();
  const { from, stateDir, file, profile, config, foreground, anew } = value;
  if (!isLoadAnswer(config)) throw notOurs();
  return {
    ...{ from, stateDir, config },
    file: typeof file === 'string' ? file : null,
    profile: typeof profile === 'string' ? profile : null,
    foreground: foreground === true,
    anew: Array.isArray(anew) ? anew.map(String) : [],
  };
}

const notOurs = (): Error => new Error('Internal error: the manager was not started by evenkeel');
