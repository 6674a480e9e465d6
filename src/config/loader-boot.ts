// How the config loader is started: argv[2] is a LoaderBoot as JSON. Its answer, a LoadAnswer as JSON, is all that it
// writes to ANSWER_FD.

import type { LoadRequest } from '../protocol/config-loader.ts';

export interface LoaderBoot extends LoadRequest {
  /** CPUs that may be used: what "max" means. */
  readonly cpus: number;
}

export const ANSWER_FD = 3;
