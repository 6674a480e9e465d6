// Manager: reads state.json. One that is broken is set aside: what runs is found again through the clusters themselves.

import { EvenkeelError } from '../core/errors.ts';
import { readStateFile } from '../platform/state-file.ts';
import { decodeManagerState, EMPTY_STATE, type ManagerState } from './manager-state.ts';

export interface OpenedState {
  readonly state: ManagerState;
  /** What was wrong with the file; null: nothing. */
  readonly repaired: string | null;
}

/** Throws STATE_FROM_NEWER_VERSION. */
export function openState(file: string): OpenedState {
  const reading = readStateFile(file);
  switch (reading.kind) {
    case 'missing':
      return { state: EMPTY_STATE, repaired: null };
    case 'corrupt':
      return { state: EMPTY_STATE, repaired: `it was not whole; it lies at ${reading.movedTo} now` };
    case 'newer':
      throw new EvenkeelError('STATE_FROM_NEWER_VERSION', `${file} was written by a newer evenkeel`, {
        hint: 'Use that version; or stop everything with it, and remove the file.',
      });
    case 'ok': {
      const state = decodeManagerState(reading.value);
      return state === null
        ? { state: EMPTY_STATE, repaired: 'it was not the state of a manager, and is replaced' }
        : { state, repaired: null };
    }
  }
}
