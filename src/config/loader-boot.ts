// How the config loader is started: argv[2] is a LoaderBoot as JSON. Its answer, a LoadAnswer as JSON, is all that it
// writes to ANSWER_FD.

import type { LoadRequest } from '../protocol/config-loader.ts';

export interface LoaderBoot extends LoadRequest {
  /** CPUs that may be used: what "max" means. */
  readonly cpus: number;
  /** The manager asks, which starts the workers as the same user that it starts this process as. */
  readonly forManager: boolean;
  /** Of a config that is looked over: what one app would fail for is a problem of the file too. */
  readonly strict: boolean;
}

export const ANSWER_FD = 3;
