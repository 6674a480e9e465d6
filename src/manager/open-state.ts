// Manager: reads state.json. What is broken is left out, and a copy set aside: what runs is found again through the
// clusters themselves.

import { EvenkeelError } from '../core/errors.ts';
import { decodeManagerState, EMPTY_STATE, type ManagerState } from '../platform/manager-record.ts';
import { copyAside, readStateFile, setAside } from '../platform/state-file.ts';

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
      const decoded = decodeManagerState(reading.value);
      if (decoded === null) {
        return { state: EMPTY_STATE, repaired: `it was not the state of a manager; it lies at ${setAside(file)} now` };
      }
      const { state, lost } = decoded;
      if (lost.length === 0) return { state, repaired: null };
      return { state, repaired: `${lost.join(', ')} could not be used; a copy of the file lies at ${copyAside(file)}` };
    }
  }
}
