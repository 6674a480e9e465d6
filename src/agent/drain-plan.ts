// Pure: what a draining worker does next, from what is left of its connections and what its app listens to. (worker)
//
//   draining ── nothing left ──────────────────────────────────────────▶ over    (an app without handlers: exit)
//       │  ╲                                                              ▲
//       │   only sockets that we cannot drain, or the last call: tell ──▶ told ── the app exits
//       └── nothing left: tell ───────────────────────────────────────────▲

import type { Milliseconds } from '../core/spec.ts';

export interface DrainTimes {
  readonly start: number;
  /** SIGKILL. */
  readonly deadline: number;
}

export type DrainState =
  | { readonly kind: 'draining' }
  /** `signalAt`: when an app that was told by message only gets the stop signal as well; null: never (again). */
  | { readonly kind: 'told'; readonly signalAt: number | null; readonly isDrained: boolean }
  /** The process exits. */
  | { readonly kind: 'over' };

/** What is left. */
export interface Leftover {
  /** HTTP/1 connections, HTTP/2 connections, connections that node:cluster may have sent us. */
  readonly draining: number;
  /** Raw TCP and upgraded connections. */
  readonly other: number;
}

/** What the app listens to. */
export interface AppHandlers {
  readonly message: boolean;
  readonly signal: boolean;
  /** What is to be done before the end (onShutdown); `done`: the app has no more use for its process. */
  readonly tasks: 'none' | 'pending' | 'done';
}

export type DrainAction = 'report-drained' | 'send-message' | 'send-signal' | 'run-tasks' | 'exit';

export interface DrainStep {
  readonly state: DrainState;
  readonly actions: readonly DrainAction[];
  /** When to look again, even if nothing happens. */
  readonly wakeAt: number | null;
}

const MAX_LAST_CALL: Milliseconds = 5_000;
const LAST_CALL_SHARE = 0.25;
/** For what an app does when it has heard 'shutdown' and has no request left: long for a goodbye, short for a deploy. */
const PATIENCE: Milliseconds = 5_000;
const MAX_IDLE_LEAD: Milliseconds = 500;
const IDLE_LEAD_SHARE = 0.05;

/** From then on the app is told, whatever is left: a handler needs time before the SIGKILL. */
export function lastCall({ start, deadline }: DrainTimes): number {
  return deadline - Math.min(MAX_LAST_CALL, (deadline - start) * LAST_CALL_SHARE);
}

/** Connections that stay idle are closed then: if nothing else is left, the app need not be told early. */
export function lastIdle(times: DrainTimes): number {
  return lastCall(times) - Math.min(MAX_IDLE_LEAD, (times.deadline - times.start) * IDLE_LEAD_SHARE);
}

export function planDrain(
  state: DrainState,
  left: Leftover,
  handlers: AppHandlers,
  times: DrainTimes,
  now: number,
): DrainStep {
  const isDrained = left.draining + left.other === 0;
  switch (state.kind) {
    case 'over':
      return { state, actions: [], wakeAt: null };
    case 'told':
      return afterTelling(state, left, handlers, times, now);
    case 'draining': {
      const mayBeTold = handlers.message || handlers.signal || handlers.tasks !== 'none';
      if (isDrained && !mayBeTold) {
        return { state: { kind: 'over' }, actions: ['report-drained', 'exit'], wakeAt: null };
      }
      const isTime = left.draining === 0 || now >= lastCall(times);
      if (!mayBeTold || !isTime) return { state, actions: [], wakeAt: now < lastCall(times) ? lastCall(times) : null };
      return tell(isDrained, handlers, times, now);
    }
  }
}

function tell(isDrained: boolean, handlers: AppHandlers, times: DrainTimes, now: number): DrainStep {
  const actions: DrainAction[] = [];
  if (isDrained) actions.push('report-drained');
  if (handlers.message) actions.push('send-message');
  if (handlers.signal) actions.push('send-signal');
  if (handlers.tasks !== 'none') actions.push('run-tasks');
  const isToldInFull = handlers.signal || handlers.tasks !== 'none';
  const signalAt = isToldInFull ? null : signalTime(isDrained, times, now);
  return { state: { kind: 'told', signalAt, isDrained }, actions, wakeAt: signalAt };
}

/** An app that knows other messages only would stay until it is killed; its default for the signal is to end. */
function signalTime(isDrained: boolean, times: DrainTimes, now: number): number {
  const half = (times.deadline - now) / 2;
  return isDrained ? now + Math.min(PATIENCE, half) : Math.max(lastCall(times), now + half);
}

function afterTelling(
  state: DrainState & { kind: 'told' },
  left: Leftover,
  handlers: AppHandlers,
  times: DrainTimes,
  now: number,
): DrainStep {
  const isDrained = left.draining + left.other === 0;
  const actions: DrainAction[] = [];
  if (isDrained && !state.isDrained) actions.push('report-drained');
  // It was told at the last call: what is under way still has the rest of the time.
  if (handlers.tasks === 'done' && left.draining === 0) {
    return { state: { kind: 'over' }, actions: [...actions, 'exit'], wakeAt: null };
  }
  const planned =
    state.signalAt === null || state.isDrained || !isDrained
      ? state.signalAt
      : Math.min(state.signalAt, signalTime(true, times, now));
  const isSignalDue = planned !== null && now >= planned;
  if (isSignalDue) actions.push('send-signal');
  const signalAt = isSignalDue ? null : planned;
  return { state: { kind: 'told', signalAt, isDrained: state.isDrained || isDrained }, actions, wakeAt: signalAt };
}
