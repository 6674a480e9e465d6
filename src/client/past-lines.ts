// The last lines of an app: what its cluster process remembers, and where that is too little, its log files.

import { lastLinesOfFile } from '../logs/tail.ts';
import type { LogSnapshot } from '../protocol/cluster-link.ts';
import { type LogStream, mergeLines, neededFiles, type ShownLine } from './merge-lines.ts';

export async function pastLines(
  snapshot: LogSnapshot,
  streams: readonly LogStream[],
  count: number,
): Promise<readonly ShownLine[]> {
  const read = [];
  for (const request of neededFiles(snapshot, streams, count)) {
    read.push({ request, lines: await lastLinesOfFile(request.path, request.count, request.upTo) });
  }
  return mergeLines(snapshot, streams, count, read);
}
