// CLI, pure: what a start would do where no manager runs: what an earlier one has left is taken over as it is, and what
// commands have changed holds until the next reload.

import { isDeepStrictEqual } from 'node:util';
import type { Remains } from '../client/remains.ts';
import type { AppChange, Plan } from '../core/plan.ts';
import { planApp } from '../core/plan-changes.ts';
import type { AppSpec, EcosystemSpec } from '../core/spec.ts';
import { namesOfKeys } from '../core/summarize-keys.ts';
import { describeOverride, isDrift, pinnedPaths } from '../platform/overrides.ts';
import { folderOfScripts } from '../protocol/script-starts.ts';

const INTRODUCTION = 'no manager is running: this is what `evenkeel start` would do';

export function planStart(ecosystem: EcosystemSpec, remains: Remains): Plan {
  const listed = ecosystem.apps.map(({ name }) => name);
  const { state, running, orphaned } = remains;
  const known = new Set([...running.keys(), ...Object.keys(state.apps), ...orphaned]);
  const others = [...known].filter((name) => !listed.includes(name));
  const { reloading } = state;
  // What is started without a config is not reloaded.
  const undo = folderOfScripts(ecosystem.file) === null ? ': `evenkeel reload` goes by the file' : '';
  const goesOn = reloading !== null && isDeepStrictEqual(reloading, ecosystem);
  return {
    changes: [
      ...ecosystem.apps.map((spec) => planOne(spec, remains, undo)),
      ...others.flatMap((app) => planOther(app, remains)),
    ],
    notices: [
      INTRODUCTION,
      ...(goesOn ? ['a reload was under way when the manager was killed: the next manager finishes it'] : []),
      ...(ecosystem.notices ?? []),
    ],
  };
}

/** An app that the config no longer has: what it has left is seen to all the same. */
function planOther(app: string, remains: Remains): readonly AppChange[] {
  const stays = 'a reload stops it, for it is not in the config';
  if (remains.running.has(app)) return [nothing(app, [`runs on without a manager: is taken over, and ${stays}`])];
  if (comesBack(app, remains))
    return [begin(app, [`its cluster process was killed: it comes back as it ran; ${stays}`])];
  return remains.orphaned.has(app) ? [nothing(app, ['workers that were left of it are ended'])] : [];
}

/** Also where a restart was under way, or no manager has left word of it. */
function comesBack(app: string, { state, orphaned }: Remains): boolean {
  const record = state.apps[app];
  if (record === undefined) return orphaned.has(app);
  return record.wanted && (orphaned.has(app) || record.cluster !== null || record.restarting !== null);
}

/** `undo`: how to be rid of what commands have changed. */
function planOne(spec: AppSpec, remains: Remains, undo: string): AppChange {
  const { state, running } = remains;
  const { name } = spec;
  const record = state.apps[name];
  const override = record?.override ?? null;
  const serving = running.get(name);
  if (serving !== undefined) {
    const rolledBack = pinnedPaths(override)?.generation ?? null;
    const { keys, action } = planApp({ name, spec: serving ?? spec, rolledBack }, spec);
    const differs = `not as the file says (${namesOfKeys(keys) || 'rolled back'})${undo}`;
    return nothing(name, [
      'runs on without a manager: is taken over as it is',
      ...(action === 'none' && keys.length === 0 ? [] : [differs]),
    ]);
  }
  if (record?.stoppedByName === true) {
    return nothing(name, [`stays stopped: it was stopped by name; \`evenkeel start ${name}\` starts it`]);
  }
  if (comesBack(name, remains)) return begin(name, ['its cluster process was killed: it comes back as it ran']);
  const changed =
    override !== null && isDrift(spec, override) ? [`with ${describeOverride(spec, override)}${undo}`] : [];
  return begin(name, [record === undefined ? 'added to the config' : 'not running', ...changed]);
}

function begin(app: string, reasons: readonly string[]): AppChange {
  return { app, action: 'start', reasons, keys: [] };
}

function nothing(app: string, reasons: readonly string[]): AppChange {
  return { app, action: 'none', reasons, keys: [] };
}
