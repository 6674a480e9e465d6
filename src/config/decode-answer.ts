// Pure: the guard on what the config loader answers. (the loader's parent)

import { ERRORS } from '../core/errors.ts';
import { isRecord } from '../core/is-record.ts';
import type { LoadAnswer } from '../protocol/config-loader.ts';

/** null: it is not an answer. The loader is of the same version, so the inside of a spec is taken as it is. */
export function decodeAnswer(text: string): LoadAnswer | null {
  const answer = parse(text);
  return isLoadAnswer(answer) ? answer : null;
}

export function isLoadAnswer(answer: unknown): answer is LoadAnswer {
  if (!isRecord(answer)) return false;
  if (answer.ok === true) return isRecord(answer.ecosystem) && Array.isArray(answer.ecosystem.apps);
  const { error } = answer;
  return isRecord(error) && typeof error.code === 'string' && Object.hasOwn(ERRORS, error.code);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
