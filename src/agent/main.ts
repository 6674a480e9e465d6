// Entry point of the agent, preloaded with --require into every Node worker; does nothing in any other process or thread.

import { isMainThread } from 'node:worker_threads';
import { startAgent } from './agent.ts';
import { removePreload, takeBoot } from './boot.ts';

// Threads preload what the process does, and hand it on.
removePreload(process.execArgv, __filename);
const boot = isMainThread ? takeBoot(process.env) : null;
if (boot !== null) startAgent(boot);
