// CLI: the status for people: a row for each app, or one app with a row for each worker.

import { describePhase } from '../core/describe-phase.ts';
import { humanDuration } from '../core/human-duration.ts';
import type { AppState, AppStatus, Status, WorkerState, WorkerStatus } from '../core/status.ts';
import { formatBytes, formatCount, formatCpu } from './format-amount.ts';
import type { Style, StyleName } from './style.ts';
import { type Column, renderTable, type TableRules } from './table.ts';

const STATE_COLORS: Readonly<Record<AppState | WorkerState, StyleName>> = {
  ...{ online: 'green', ready: 'green', starting: 'yellow', booting: 'yellow', deploying: 'cyan', draining: 'magenta' },
  ...{ degraded: 'yellow', backoff: 'red', failed: 'red', stopping: 'magenta', stopped: 'dim' },
};

/** A command has changed what the file says; how is the plan's to tell, which reads the file. */
const DRIFT = 'changed by a command: see `evenkeel plan`';

/** `now`: milliseconds since the epoch. */
export function viewStatus({ manager, apps }: Status, now: number, rules: TableRules): string {
  const { style } = rules;
  const uptime = humanDuration(now - Date.parse(manager.startedAt));
  const profile = manager.profile ? `, profile ${manager.profile}` : '';
  const facts = `manager ${manager.version}, pid ${manager.pid}, up ${uptime}, ${manager.config}${profile}`;
  const title = `${style('bold', manager.name)}  ${style('dim', facts)}`;
  // A manager of an earlier version has none.
  const warnings = (manager.warnings ?? []).map((warning) => `${style('yellow', '!')} ${warning}\n`).join('');
  const head = `${title}\n${warnings}`;
  if (apps.length === 0) return `${head}no apps\n`;
  return `${head}${renderTable(
    APP_COLUMNS,
    apps.map((app) => appRow(app, style)),
    rules,
  )}`;
}

/** What `status web` shows. */
export function viewApp(app: AppStatus, now: number, rules: TableRules): string {
  const { style } = rules;
  const generation = app.generation === 0 ? 'no generation yet' : `generation ${app.generation}`;
  const title = `${style('bold', app.name)}  ${stateOf(app.state, style)}  ${generation}, ${app.ready} of ${app.desired} ready`;
  const rows = app.workers.map((worker) => workerRow(worker, now, style));
  const table = rows.length === 0 ? 'no workers\n' : renderTable(WORKER_COLUMNS, rows, rules);
  return `${[title, ...remarks(app, now)].join('\n')}\n${table}`;
}

const APP_COLUMNS: readonly Column[] = [
  { title: 'app' },
  { title: 'state' },
  { title: 'generation', align: 'right' },
  { title: 'ready', align: 'right' },
  { title: 'restarts', align: 'right', spare: 1 },
  { title: 'cpu', align: 'right', spare: 3 },
  { title: 'memory', align: 'right', spare: 2 },
  { title: 'connections', align: 'right', spare: 5 },
  { title: 'requests', align: 'right', spare: 4 },
  { title: 'note' },
];

function appRow(app: AppStatus, style: Style): readonly string[] {
  const { workers } = app;
  const sum = (pick: (worker: WorkerStatus) => number | null): number | null => sumOf(workers.map(pick));
  return [
    ...[style('bold', app.name), stateOf(app.state, style), generationOf(app), `${app.ready}/${app.desired}`],
    ...[formatCount(sum((worker) => worker.restarts)), formatCpu(sum((worker) => worker.cpu))],
    ...[formatBytes(sum((worker) => worker.rss)), formatCount(sum((worker) => worker.connections))],
    formatCount(sum((worker) => worker.requests)),
    style('dim', appRemark(app)),
  ];
}

/** 0: none has ever served. */
function generationOf({ generation }: AppStatus): string {
  return generation === 0 ? '-' : String(generation);
}

function appRemark({ deploy, drift, problem }: AppStatus): string {
  if (problem !== null) return problem;
  if (deploy !== null) return describePhase(deploy);
  return drift ? DRIFT : '';
}

const WORKER_COLUMNS: readonly Column[] = [
  { title: 'worker', align: 'right' },
  { title: 'state' },
  { title: 'pid', align: 'right' },
  { title: 'generation', align: 'right' },
  { title: 'up', align: 'right', spare: 6 },
  { title: 'restarts', align: 'right', spare: 1 },
  { title: 'cpu', align: 'right', spare: 3 },
  { title: 'memory', align: 'right', spare: 2 },
  { title: 'connections', align: 'right', spare: 5 },
  { title: 'requests', align: 'right', spare: 4 },
];

function workerRow(worker: WorkerStatus, now: number, style: Style): readonly string[] {
  const up = worker.startedAt === null ? '-' : humanDuration(now - Date.parse(worker.startedAt));
  return [
    ...[String(worker.slot), stateOf(worker.state, style), formatCount(worker.pid), String(worker.generation), up],
    ...[String(worker.restarts), formatCpu(worker.cpu), formatBytes(worker.rss)],
    ...[formatCount(worker.connections), formatCount(worker.requests)],
  ];
}

function remarks({ deploy, lastDeploy, drift, problem }: AppStatus, now: number): readonly string[] {
  return [
    ...(problem === null ? [] : [problem]),
    ...(deploy === null ? [] : [`deploy: ${describePhase(deploy)}, for ${since(deploy.startedAt, now)}`]),
    ...(lastDeploy === null
      ? []
      : [
          `last deploy: generation ${lastDeploy.generation} ${lastDeploy.outcome} ${since(lastDeploy.startedAt, now)} ago: ${lastDeploy.reason}`,
        ]),
    ...(drift ? [DRIFT] : []),
  ];
}

function since(time: string, now: number): string {
  return humanDuration(now - Date.parse(time));
}

function stateOf(state: AppState | WorkerState, style: Style): string {
  return style(STATE_COLORS[state], state);
}

/** null where no worker knows. */
function sumOf(amounts: readonly (number | null)[]): number | null {
  const known = amounts.filter((amount) => amount !== null);
  return known.length === 0 ? null : known.reduce((sum, amount) => sum + amount, 0);
}
