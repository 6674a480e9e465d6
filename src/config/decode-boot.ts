// Pure: the guard on what the config loader is started with. (config loader)

import { isRecord } from '../core/is-record.ts';
import type { LoaderBoot } from './loader-boot.ts';

export function decodeBoot(text: string | undefined): LoaderBoot {
  const boot: unknown = JSON.parse(text ?? 'null');
  if (!isRecord(boot) || typeof boot.from !== 'string' || typeof boot.cpus !== 'number') {
    throw new Error('Internal error: the config loader was started without a request');
  }
  const { from, cpus, forManager, strict, file, profile, orBeside } = boot;
  return {
    ...{ from, cpus, file: textOrNull(file), profile: textOrNull(profile) },
    ...{ forManager: forManager === true, strict: strict === true, orBeside: orBeside === true },
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
