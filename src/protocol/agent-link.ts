// What a cluster process and the agent in one of its Node workers say to each other: NDJSON over a socket pair
// that the worker inherits, and, when the cluster process was killed, over its successor's `agents.sock`. There an orphan
// also opens a connection of its own to pass sockets on (socket-passing.ts), when it is told to.

import type { ListenAddress } from '../core/spec.ts';
import type { Generation, Slot } from '../core/status.ts';
import type { SocketOffer } from './socket-passing.ts';

/** The one private variable, JSON; the agent deletes it before the app's first line runs. */
export const AGENT_ENV = 'EVENKEEL_AGENT';

/**
 * Tells an orphan to drain whose agent may not connect to `agents.sock`: workers of another user may not enter the state
 * directory. Programs that know nothing of it ignore it, unlike any other signal but two.
 */
export const DRAIN_SIGNAL = 'SIGURG';

/** The folder in which the app runs. */
export interface AppFolder {
  /** As its config names it, absolute, perhaps through links. */
  readonly declared: string;
  /** Where they led when its generation was deployed. */
  readonly real: string;
}

/** The value of AGENT_ENV. */
export interface AgentBoot {
  readonly app: string;
  readonly slot: Slot;
  readonly generation: Generation;
  /** File descriptor of the inherited link. */
  readonly linkFd: number;
  /** Where a successor of the cluster process listens for workers it did not fork. */
  readonly reconnectPath: string;
  readonly folder: AppFolder;
  /** Declared sockets and the file descriptors they were inherited as. */
  readonly listen: readonly { readonly address: ListenAddress; readonly fd: number }[];
  /** Hold the app's `listen` until told `open`. */
  readonly gate: boolean;
  /** Ports and paths that are not declared: node:cluster shares them, or (strategy handover) the app may not use them. */
  readonly undeclared: 'shared' | 'refused';
  readonly onUncaught: 'exit' | 'replace';
  /** The signal an app may handle to stop, e.g. SIGTERM. */
  readonly stopSignal: string;
  /** Milliseconds from the start of the drain to SIGKILL, for a drain by signal. */
  readonly stopTimeout: number;
}

/** Agent to cluster process. */
export type AgentMessage =
  /** First on every connection; `orphan` on a connection to a successor. */
  | {
      readonly type: 'hello';
      readonly app: string;
      readonly pid: number;
      readonly slot: Slot;
      readonly generation: Generation;
      readonly orphan: boolean;
      /** Of the process, in milliseconds since the epoch. */
      readonly startedAt: number;
      /** Texts of the declared sockets that it has now and could pass on. */
      readonly sockets: readonly string[];
    }
  /** Instead of `hello`, on a connection that is to carry sockets. */
  | SocketOffer
  /** The app asked to listen and the gate holds it: it can be probed. */
  | { readonly type: 'held'; readonly address: string }
  /**
   * The app listens; `declared`: on a declared socket, by its text (formatAddress); `named`: the app has named the address, and
   * the system has not chosen it.
   */
  | { readonly type: 'listening'; readonly address: string; readonly declared: string | null; readonly named: boolean }
  /** The app has closed a server that listened on an undeclared address, and not because the worker drains. */
  | { readonly type: 'closed'; readonly address: string }
  /** The app asked to listen where its config does not let it: it got an error, and is not to become ready. */
  | { readonly type: 'refused'; readonly reason: string }
  /** The app says that it is ready (evenkeel/worker). */
  | { readonly type: 'ready' }
  /** The app asks for its own replacement (evenkeel/worker). */
  | { readonly type: 'replace-me'; readonly reason: string }
  /** onUncaught: replace. It serves on until it is replaced, and then ends with code 1. */
  | { readonly type: 'uncaught'; readonly reason: string }
  /** The app would take the resource, and waits for `grant` (evenkeel/worker). */
  | { readonly type: 'ready-for'; readonly resource: string }
  | { readonly type: 'probed'; readonly id: number; readonly ok: boolean; readonly detail: string }
  | { readonly type: 'metrics'; readonly id: number; readonly metrics: AgentMetrics }
  /** While draining: how it stands. Sent at the start, at most each 250 ms after a change, and when asked `report`. */
  | { readonly type: 'draining'; readonly finished: number; readonly inFlight: number; readonly open: number }
  /**
   * Nothing is left, nor will come, and every resource is released: the app was told to stop, or the process exits now.
   * Said again to a successor.
   */
  | { readonly type: 'drained'; readonly finished: number };

/** Cluster process to agent. */
export type AgentCommand =
  | { readonly type: 'open' }
  /** Ask the app's server for `path`, over a connection of the agent's own; the answer is `probed`. */
  | {
      readonly type: 'probe';
      readonly id: number;
      readonly path: string;
      readonly status: number | null;
      readonly timeout: number;
    }
  | { readonly type: 'metrics'; readonly id: number }
  /** The app may take the resource. */
  | { readonly type: 'grant'; readonly resource: string }
  /** Stop accepting, finish what is in flight, tell the app, exit. `timeout`: ms until SIGKILL. */
  | { readonly type: 'drain'; readonly timeout: number }
  /** The deadline: answer `draining` at once, SIGKILL follows. */
  | { readonly type: 'report' }
  /** To an orphan: nobody else has these sockets. Connect once more, and offer them. */
  | { readonly type: 'offer-sockets'; readonly addresses: readonly string[] };

export interface AgentMetrics {
  /** Bytes. */
  readonly rss: number;
  /** CPU time used since the start, user and system, in microseconds. */
  readonly cpuMicros: number;
  readonly connections: number;
  readonly requests: number;
}
