// What `evenkeel/worker` says to the agent in the same process, over a channel of node:diagnostics_channel: found by its
// name, from ES and CommonJS modules and from any number of copies of the module, and silent where there is no agent (in
// other threads too). The two may be of different versions, so what is not known is ignored.

export const WORKER_CHANNEL = 'evenkeel.worker';

/** May return a promise, which is waited for. */
export type WorkerTask = () => unknown;

export type WorkerCall =
  | { readonly call: 'ready' }
  /** `task` runs when the worker has drained; then it ends. */
  | { readonly call: 'on-shutdown'; readonly task: WorkerTask }
  | { readonly call: 'request-replacement'; readonly reason: string | null }
  /** `task` runs when the resource may be taken. */
  | { readonly call: 'ready-for'; readonly resource: string; readonly task: WorkerTask }
  /** `task` runs when the resource is to be released. */
  | { readonly call: 'on-takedown'; readonly resource: string; readonly task: WorkerTask };
