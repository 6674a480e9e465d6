// CLI: shows what an operation does while it runs, on stderr: live on a terminal, a line for each event elsewhere,
// nothing with --quiet or --json.

import { describeEvent } from '../core/describe-event.ts';
import type { EvenkeelEvent } from '../core/events.ts';
import type { Context } from './context.ts';
import { createLiveArea, type LiveArea } from './live-area.ts';
import { progressLines } from './progress-lines.ts';
import { NO_PROGRESS, type ProgressModel, reduceProgress } from './progress-model.ts';

export interface ProgressDisplay {
  show(event: EvenkeelEvent): void;
  /** A remark for people, above the display. */
  note(line: string): void;
  /** Removes the display; a second call is harmless. */
  close(): void;
}

/** How often the elapsed times are brought up to date, in milliseconds. */
const TICK = 200;

export function createProgress(context: Context): ProgressDisplay {
  if (context.globals.quiet) return { show: () => {}, note: () => {}, close: () => {} };
  return context.err.isTTY ? live(context) : plain(context);
}

function plain({ err }: Context): ProgressDisplay {
  return {
    show: (event) => {
      if (isTelling(event)) err.write(`${describeEvent(event)}\n`);
    },
    note: (line) => err.write(`${line}\n`),
    close: () => {},
  };
}

/** The result tells how it ended, or the error, and the states of an app only repeat what its workers did. */
function isTelling({ type }: EvenkeelEvent): boolean {
  return !UNTOLD.includes(type);
}

const UNTOLD: readonly EvenkeelEvent['type'][] = [
  ...(['app-state', 'deploy-finished'] as const),
  ...(['reload-started', 'reload-finished', 'reload-refused', 'config-invalid'] as const),
];

function live({ err, now }: Context): ProgressDisplay {
  // Until it is loaded, there is only what is noted.
  let area: LiveArea | null = null;
  let model: ProgressModel = NO_PROGRESS;
  let closed = false;
  const draw = (): void => area?.draw(progressLines(model, now(), err.style));
  const timer = setInterval(draw, TICK);
  createLiveArea(err)
    .then((loaded) => {
      if (!closed) area = loaded;
    })
    // As where the package has just been replaced. The operation goes on all the same.
    .catch(() => {});
  return {
    show: (event) => {
      model = reduceProgress(model, event);
      draw();
    },
    note: (line) => (area === null ? err.write(`${line}\n`) : area.print(line)),
    close: () => {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      area?.clear();
    },
  };
}
