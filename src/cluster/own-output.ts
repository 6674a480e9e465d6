// The one place where a cluster process prints what went wrong beside any request. (cluster process)

import { OwnOutput } from '../platform/own-output.ts';

export const output = new OwnOutput();
