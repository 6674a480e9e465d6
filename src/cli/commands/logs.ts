// CLI: evenkeel logs

import { findManager } from '../../client/find-manager.ts';
import type { LogStream } from '../../client/merge-lines.ts';
import { pastLines } from '../../client/past-lines.ts';
import { requireApps } from '../../client/require-apps.ts';
import type { ControlClient } from '../../platform/control-client.ts';
import type { LogMessage } from '../../protocol/control-api.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { followStream } from '../follow-stream.ts';
import { LogPrinter } from '../log-printer.ts';
import { flag, wholeNumber } from '../options.ts';
import { tellOfProfile } from '../use-manager.ts';

/** Lines of each app without -n. */
const USUAL_COUNT = 20;
/** What the manager gives at most. */
const ALL_REMEMBERED = 10_000;

interface LogWish {
  readonly streams: readonly LogStream[];
  /** Past lines of each app. */
  readonly count: number;
  readonly follow: boolean;
}

export const command = defineCommand({
  arguments: [{ syntax: '[app...]', description: 'all apps where none is named' }],
  options: {
    follow: flag('-f, --follow', 'stay and show what the workers write, until Ctrl-C'),
    lines: wholeNumber('-n, --lines <count>', `how many past lines of each app; default: ${USUAL_COUNT}`, 0),
    stdout: flag('--stdout', 'only what was written to stdout'),
    stderr: flag('--stderr', 'only what was written to stderr'),
  },
  details: [
    'Each line begins with its app and worker: "web.0 │ text"; ! instead of │ marks stderr. Lines',
    'from before the workers that the cluster process remembers come from the log files, also',
    'rotated ones, and name the app alone. Without a manager all come from the files: then -n counts',
    'for each file, as nothing tells in which order the lines of two were written. With --json, one',
    'JSON object per line. -f ends with the apps: exit code 0, or 3 where the manager was killed.',
    'Of an app that there is no more its files are shown.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel logs -f', does: 'follow all apps' },
    { line: 'evenkeel logs web -n 200', does: 'the last 200 lines of one app' },
    { line: 'evenkeel logs web --stderr', does: 'only what it wrote to stderr' },
  ],
  run: async (context, apps, { follow, lines, stdout, stderr }) => {
    const both = stdout === stderr;
    const streams: readonly LogStream[] = both ? ['stdout', 'stderr'] : stdout ? ['stdout'] : ['stderr'];
    const wish = { streams, count: lines ?? USUAL_COUNT, follow };
    const client = await findManager(context);
    if (client === null) {
      const { showLogFiles } = await import('../show-log-files.ts');
      return showLogFiles(context, apps, wish);
    }
    await tellOfProfile(context, client);
    const known = (await client.status()).apps.map((app) => app.name);
    if (apps.length > 0 && !apps.some((app) => known.includes(app))) {
      const { showFormerApps } = await import('../show-log-files.ts');
      const shown = await showFormerApps(context, apps, wish);
      if (shown !== null) return shown;
    }
    requireApps(apps, known);
    return followStream(context, (end) => show(context, client, apps.length === 0 ? known : apps, wish, end));
  },
});

async function show(
  context: Context,
  client: ControlClient,
  apps: readonly string[],
  wish: LogWish,
  signal: AbortSignal,
): Promise<void> {
  const printer = new LogPrinter(context, apps);
  const n = wish.streams.length === 2 ? wish.count : ALL_REMEMBERED;
  const feeds = apps.map((app) => ({
    app,
    messages: client.logs(app, { n, follow: wish.follow, signal })[Symbol.asyncIterator](),
  }));
  // First what is past, app by app; meanwhile the connections keep what is new.
  for (const { app, messages } of feeds) {
    const first = await messages.next();
    if (first.done === true || first.value.type !== 'snapshot') continue;
    for (const line of await pastLines(first.value, wish.streams, wish.count)) printer.print(app, line);
  }
  await Promise.all(feeds.map(({ app, messages }) => printRest(printer, app, messages, wish.streams)));
}

async function printRest(
  printer: LogPrinter,
  app: string,
  messages: AsyncIterator<LogMessage>,
  streams: readonly LogStream[],
): Promise<void> {
  for (let next = await messages.next(); next.done !== true; next = await messages.next()) {
    const message = next.value;
    if (message.type === 'skipped') printer.skipped(app, message.lines);
    else if (message.type === 'line' && streams.includes(message.stream)) printer.print(app, message);
  }
}
