// CLI, pure: the progress of an operation as the lines of a live display.

import { describeLoss } from '../core/describe-loss.ts';
import { describePhase } from '../core/describe-phase.ts';
import { humanDuration } from '../core/human-duration.ts';
import type { AppProgress, ProgressModel, WorkerProgress } from './progress-model.ts';
import type { Style, StyleName } from './style.ts';

/** `now`: milliseconds since the epoch. */
export function progressLines(model: ProgressModel, now: number, style: Style): readonly string[] {
  const width = Math.max(0, ...model.map((progress) => progress.app.length));
  return model.flatMap((progress) => appLines(progress, width, now, style));
}

function appLines(progress: AppProgress, width: number, now: number, style: Style): readonly string[] {
  const name = style('bold', progress.app.padEnd(width));
  if (progress.end !== null) return [`${endLine(progress.end, name, style)}`];
  const elapsed = style('dim', humanDuration(now - progress.startedAt));
  const head = `${style('cyan', '›')} ${name}  ${howFar(progress)}  ${elapsed}`;
  const hook = progress.hookLine === null ? [] : [style('dim', `    ${progress.hookLine}`)];
  return [head, ...hook, ...progress.workers.map((worker) => workerLine(worker, now, style))];
}

/** Before there is a deploy it has no generation, and before the first phase nobody knows how many workers. */
function howFar({ phase, generation, ready, desired }: AppProgress): string {
  if (generation === null) return phase;
  if (desired === 0) return `generation ${generation} ${phase}`;
  return describePhase({ generation, phase, ready, desired });
}

function endLine(end: NonNullable<AppProgress['end']>, name: string, style: Style): string {
  const took = humanDuration(end.durationMs);
  if (end.outcome === 'done') {
    return `${style('green', '✓')} ${name}  generation ${end.generation} done in ${took}: ${describeLoss(end.loss)}`;
  }
  return `${style('red', '✗')} ${name}  generation ${end.generation} ${end.outcome} after ${took}: ${end.reason}`;
}

const COLORS: Readonly<Record<WorkerProgress['state'], StyleName>> = {
  booting: 'yellow',
  ready: 'green',
  draining: 'magenta',
  failed: 'red',
};

function workerLine(worker: WorkerProgress, now: number, style: Style): string {
  const state = style(COLORS[worker.state], worker.state.padEnd(8));
  const place = `generation ${worker.generation}  worker ${worker.slot}`;
  const waiting = worker.state === 'booting' || worker.state === 'draining' ? humanDuration(now - worker.since) : '';
  const note = [waiting, worker.note].filter((part) => part !== '').join('  ');
  const pid = worker.pid === 0 ? '' : `pid ${worker.pid}  `;
  return `    ${place}  ${state}  ${pid}${style('dim', note)}`.trimEnd();
}
