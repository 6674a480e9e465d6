// Pure: the last lines of an app from what its cluster process remembers and, where that is too little, from its
// log files.

import type { LogLine, LogSnapshot } from '../protocol/cluster-link.ts';

export type LogStream = LogLine['stream'];

/** A line whose worker is not known any more has no slot. */
export interface ShownLine {
  readonly slot: number | null;
  readonly stream: LogStream;
  readonly line: string;
}

/** A file to be read: its last `count` lines within its first `upTo` bytes. */
export interface FileRequest {
  readonly path: string;
  readonly stream: LogStream;
  readonly count: number;
  readonly upTo: number;
  /** How many of these lines, the newest, the cluster process remembers too. */
  readonly remembered: number;
}

/** What has to be read so that `count` lines can be shown; nothing where the remembered ones are enough. */
export function neededFiles(
  { lines, files }: LogSnapshot,
  streams: readonly LogStream[],
  count: number,
): readonly FileRequest[] {
  const missing = count - lines.filter((line) => streams.includes(line.stream)).length;
  if (missing <= 0) return [];
  const paths = new Set(files.filter((file) => streams.includes(file.stream)).map((file) => file.path));
  return [...paths].map((path) => {
    // Both streams may go to one file; whose a line of it is cannot be told then.
    const sources = files.filter((file) => file.path === path);
    const remembered = lines.filter((line) => sources.some((file) => file.stream === line.stream)).length;
    const stream = sources[0]?.stream ?? 'stdout';
    const upTo = Math.max(...sources.map((file) => file.size));
    return { path, stream, count: remembered + missing, upTo, remembered };
  });
}

/** `read`: what the files gave, in the order of the requests. Older lines of stdout come before those of stderr. */
export function mergeLines(
  { lines }: LogSnapshot,
  streams: readonly LogStream[],
  count: number,
  read: readonly { readonly request: FileRequest; readonly lines: readonly string[] }[],
): readonly ShownLine[] {
  if (count <= 0) return [];
  const remembered = lines.filter((line) => streams.includes(line.stream));
  const older = read.flatMap(({ request, lines: found }) => {
    const ours = found.slice(0, Math.max(0, found.length - request.remembered));
    return ours.map((line) => ({ slot: null, stream: request.stream, line }));
  });
  return [...older, ...remembered].slice(-count);
}
