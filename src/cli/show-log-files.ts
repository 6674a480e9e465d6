// CLI: `logs` without a manager, or of apps that were: from the files that the config names, or named. Who of the workers wrote a line is not in them.

import { stat } from 'node:fs/promises';
import { loadEcosystem } from '../client/load-ecosystem.ts';
import type { LogStream } from '../client/merge-lines.ts';
import { requireApps } from '../client/require-apps.ts';
import type { AppSpec } from '../core/spec.ts';
import { followFile } from '../logs/follow-file.ts';
import { lastLinesOfFile } from '../logs/tail.ts';
import type { Outcome } from './command.ts';
import type { Context } from './context.ts';
import { followStream } from './follow-stream.ts';
import { formerApps, tellOfFormer } from './former-apps.ts';
import { LogPrinter } from './log-printer.ts';

export interface FileWish {
  readonly streams: readonly LogStream[];
  readonly count: number;
  readonly follow: boolean;
}

interface Source {
  readonly app: string;
  readonly stream: LogStream;
  readonly path: string;
}

/** Throws what is wrong with the config, and NO_SUCH_APP. */
export async function showLogFiles(context: Context, names: readonly string[], wish: FileWish): Promise<Outcome> {
  const { apps } = await loadEcosystem(context);
  const others = names.filter((name) => !apps.some((app) => app.name === name));
  const former = await formerApps(context, others);
  const known = [...apps, ...former];
  requireApps(
    names,
    known.map((app) => app.name),
  );
  if (wish.follow && !context.globals.quiet) {
    context.err.write('no manager is running: the log files are followed, until Ctrl-C\n');
  }
  tellOfFormer(context, former);
  return showFilesOf(context, names.length === 0 ? apps : known.filter((app) => names.includes(app.name)), wish);
}

/**
 * Of apps that the manager does not know: they were taken out of the config, and nobody writes there any more. null: they
 * have not all run here.
 */
export async function showFormerApps(
  context: Context,
  names: readonly string[],
  wish: FileWish,
): Promise<Outcome | null> {
  const former = await formerApps(context, names);
  if (!names.every((name) => former.some((app) => app.name === name))) return null;
  tellOfFormer(context, former);
  return showFilesOf(context, former, { ...wish, follow: false });
}

function showFilesOf(context: Context, apps: readonly AppSpec[], wish: FileWish): Promise<Outcome> {
  const printer = new LogPrinter(
    context,
    apps.map((app) => app.name),
  );
  return followStream(context, async (end) => {
    const following = [];
    for (const source of apps.flatMap((app) => sourcesOf(app, wish.streams))) {
      const size = await sizeOf(source.path);
      await printLast(printer, source, wish.count, size);
      const print = (line: string): void => printer.print(source.app, { slot: null, stream: source.stream, line });
      if (wish.follow) following.push(followFile(source.path, size, print, end));
    }
    await Promise.all(following);
  });
}

/** Each file once, also where both streams go to it. */
function sourcesOf({ name, logs }: AppSpec, streams: readonly LogStream[]): readonly Source[] {
  const sources = streams.flatMap((stream) => {
    const target = logs[stream];
    return target.kind === 'file' ? [{ app: name, stream, path: target.path }] : [];
  });
  return sources.filter(({ path }, index) => sources.findIndex((other) => other.path === path) === index);
}

async function printLast(
  printer: LogPrinter,
  { app, stream, path }: Source,
  count: number,
  size: number,
): Promise<void> {
  for (const line of await lastLinesOfFile(path, count, size)) printer.print(app, { slot: null, stream, line });
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => null);
  return found?.size ?? 0;
}
