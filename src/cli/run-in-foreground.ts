// CLI: `start --foreground`: the manager is a child that lives as long as this process. It has a session of its own, so
// that Ctrl-C reaches it once, through here, and not twice.

import { exitCodeOf } from '../client/operation-outcome.ts';
import { anewOf, type BootConfig, startManager } from '../client/start-manager.ts';
import { EXIT } from '../core/errors.ts';
import { ControlClient } from '../platform/control-client.ts';
import { stateLayout } from '../platform/paths.ts';
import { portHolder } from '../platform/socket-holder.ts';
import type { StartBody } from '../protocol/control-api.ts';
import type { Outcome } from './command.ts';
import type { Context } from './context.ts';
import { describeError } from './describe-error.ts';
import { viewOperation, withManager } from './operation-view.ts';

/**
 * Returns when the manager has ended, with its exit code; 1 where an app did not start, and then everything is stopped.
 * `body` null: no app is to be started.
 */
export async function runInForeground(context: Context, config: BootConfig, body: StartBody | null): Promise<Outcome> {
  const client = new ControlClient(stateLayout(config.stateDir).managerSocket);
  const started = await startManager(context, config, { foreground: true, ...anewOf(body ?? {}) });
  if (started === null) return { kind: 'streamed', exit: EXIT.interrupted };
  const { child, report } = started;
  // It was let go for the case that it outlives us; here we stay for it.
  child.ref();
  const ended = new Promise<number>((resolve) => {
    const give = (): void => {
      if (child.signalCode !== null) context.err.write(describeDeath(report.pid, child.signalCode));
      resolve(child.exitCode ?? EXIT.failed);
    };
    if (child.exitCode !== null || child.signalCode !== null) give();
    else child.once('exit', give);
  });
  let { interrupted } = started;
  // The manager counts: the first one stops everything gracefully, a second one at once.
  const forget = context.onInterrupt(() => {
    interrupted = true;
    child.kill('SIGTERM');
  });
  // Who started this process (systemd, a container) knows no other pid.
  const forgetOrders = context.onOrder((signal) => child.kill(signal));
  try {
    if (report.config !== null) context.err.write(describeError(report.config, context.cwd, context.err.style));
    const exit = interrupted || body === null ? EXIT.done : await bringUp(context, client, body, report.pid);
    if (exit !== EXIT.done && !interrupted) {
      await client.operate('/v1/stop', {});
      await ended;
      return { kind: 'streamed', exit };
    }
    return { kind: 'streamed', exit: await ended };
  } finally {
    forget();
    forgetOrders();
  }
}

/** Nobody told it to end. */
function describeDeath(pid: number, signal: NodeJS.Signals): string {
  return `the manager (pid ${pid}) was killed (${signal}); the apps run on without it, until \`evenkeel start\` brings one back\n`;
}

/** The manager writes what happens to our stderr by itself; here is only the result. */
async function bringUp(
  { out, err, globals }: Context,
  client: ControlClient,
  body: StartBody,
  pid: number,
): Promise<number> {
  try {
    const result = await client.operate('/v1/start', body);
    const view = viewOperation(result, {
      ...{ out: out.style, err: err.style, together: out.isTTY && err.isTTY },
      holderOf: portHolder,
    });
    const text = globals.quiet && result.ok ? '' : withManager(view.out, pid);
    out.write(globals.json ? `${JSON.stringify(result, null, 2)}\n` : text);
    if (!globals.json) err.write(view.err);
    return exitCodeOf(result);
  } catch (error) {
    // Stopped, or refused: told in words here, for everything has to be stopped before this command may end.
    err.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.failed;
  }
}
