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
  const others = [...remains.running.keys()].filter((name) => !listed.includes(name));
  const { reloading } = remains.state;
  // What is started without a config is not reloaded.
  const undo = folderOfScripts(ecosystem.file) === null ? ': `evenkeel reload` goes by the file' : '';
  const goesOn = reloading !== null && isDeepStrictEqual(reloading, ecosystem);
  return {
    changes: [
      ...ecosystem.apps.map((spec) => planOne(spec, remains, undo)),
      ...others.map((app) =>
        nothing(app, ['runs on without a manager: is taken over, and a reload stops it, for it is not in the config']),
      ),
    ],
    notices: [
      INTRODUCTION,
      ...(goesOn ? ['a reload was under way when the manager was killed: the next manager finishes it'] : []),
    ],
  };
}

/** `undo`: how to be rid of what commands have changed. */
function planOne(spec: AppSpec, { state, running, orphaned }: Remains, undo: string): AppChange {
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
  const comesBack = record?.wanted === true && (orphaned.has(name) || record.cluster !== null);
  if (comesBack) return begin(name, ['its cluster process was killed: it comes back as it ran']);
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
