// Manager: answers with the newest lines of an app's logs, then with those that come, straight from its cluster process.

import { stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { AppSpec } from '../../core/spec.ts';
import type { LogSnapshot } from '../../protocol/cluster-link.ts';
import type { LogMessage } from '../../protocol/control-api.ts';
import type { ManagerContext } from '../context.ts';
import { QUICK } from '../deadlines.ts';
import type { LinkNews } from '../link-client.ts';
import { LineStream } from './answer.ts';

/** Throws NO_SUCH_APP. */
export async function streamLogs(
  { fleet }: ManagerContext,
  response: ServerResponse,
  app: string,
  count: number,
  follow: boolean,
): Promise<void> {
  fleet.requireKnown(app);
  const handle = fleet.handle(app);
  if (!handle.isUp) await handle.revived(QUICK);
  if (!handle.isUp) return answerStopped(response, fleet.fileSpec(app));
  // Lines may come in one piece with the answer that they follow.
  const early: LogMessage[] = [];
  let lines: LineStream | null = null;
  const { link } = await handle.open({
    onNews: (news) => {
      const message = logMessage(news);
      if (message === null) return;
      if (lines === null) early.push(message);
      // A reader that lags makes the cluster process wait too: it drops lines then, and says how many.
      else if (!lines.send(message)) link.pause();
    },
    onClose: () => lines?.end(),
  });
  response.once('close', () => link.close());
  // Its reader may have left before.
  if (response.destroyed) return link.close();
  try {
    const snapshot = await link.request('logs', { lines: count, follow }, QUICK);
    const stream = new LineStream(response);
    stream.onDrain(() => link.resume());
    for (const message of [{ type: 'snapshot', ...snapshot } as const, ...early.splice(0)]) {
      if (!stream.send(message)) link.pause();
    }
    lines = stream;
    if (follow) stream.endWithReader();
  } catch (error) {
    link.close();
    throw error;
  }
  if (!follow) link.close();
}

function logMessage(news: LinkNews): LogMessage | null {
  switch (news.type) {
    case 'log': {
      const { slot, stream, line } = news;
      return { type: 'line', slot, stream, line };
    }
    case 'log-skipped':
      return { type: 'skipped', lines: news.lines };
    case 'event':
      return null;
  }
}

/** An app that does not run still has its files. */
async function answerStopped(response: ServerResponse, spec: AppSpec | null): Promise<void> {
  const files: LogSnapshot['files'][number][] = [];
  for (const stream of ['stdout', 'stderr'] as const) {
    const target = spec?.logs[stream];
    if (target?.kind !== 'file') continue;
    const size = await stat(target.path).then(
      (found) => found.size,
      () => 0,
    );
    files.push({ stream, path: target.path, size });
  }
  const lines = new LineStream(response);
  lines.send({ type: 'snapshot', lines: [], files } satisfies LogMessage);
  lines.end();
}
