// Rule: what makes a worker ready, or healthy, has to be possible for the kind of app. (config loader)

import { valueAt } from '../key-path.ts';
import type { AppDraft, RuleContext } from './draft.ts';
import { isGiven } from './draft.ts';

const INSTEAD = 'use tcp, http with a whole URL, log, or delay';
const BELONGS_TO = { url: 'http', status: 'http', port: 'tcp', host: 'tcp', pattern: 'log', delay: 'delay' } as const;

export function checkReadiness(context: RuleContext): void {
  for (const draft of context.apps) {
    if (draft.spec.script === null && draft.spec.command !== null) checkCommand(draft, context);
    checkStrayKeys(draft, context);
    const { ready } = draft.spec;
    if (ready.on === 'delay' && ready.delay >= ready.timeout) {
      context.report(['apps', draft.spec.name, 'ready', 'timeout'], 'ready.timeout has to be longer than ready.delay');
    }
  }
}

/** There is no agent in a program that is not Node. */
function checkCommand({ spec }: AppDraft, { report }: RuleContext): void {
  const path = ['apps', spec.name];
  const { ready, health } = spec;
  if (ready.on === 'listening' || ready.on === 'message') {
    report([...path, 'ready', 'on'], `"${ready.on}" is only for apps with a script`, { hint: INSTEAD });
  }
  const url = 'write a whole URL: http://127.0.0.1:PORT/PATH';
  if (ready.on === 'http' && ready.url.startsWith('/')) {
    report([...path, 'ready', 'url'], 'a path is only for apps with a script', { hint: url });
  }
  if (health?.http.startsWith('/')) {
    report([...path, 'health', 'http'], 'a path is only for apps with a script', { hint: url });
  }
}

/** A key of another way of being ready, unless it comes from another layer (defaults) than `on` itself. */
function checkStrayKeys(draft: AppDraft, { originOf, report }: RuleContext): void {
  const path = ['apps', draft.spec.name, 'ready'];
  const { on } = draft.spec.ready;
  if (isGiven(draft, 'ready.on') && valueAt(draft.given, ['ready', 'on']) === undefined) return;
  for (const [key, way] of Object.entries(BELONGS_TO)) {
    if (way === on || !isGiven(draft, `ready.${key}`)) continue;
    const layer = originOf([...path, key])
      .slice(0, -1)
      .join('\0');
    if (
      isGiven(draft, 'ready.on') &&
      originOf([...path, 'on'])
        .slice(0, -1)
        .join('\0') !== layer
    )
      continue;
    report([...path, key], `this is only for \`on: ${way}\``, { at: 'key', hint: `write on: ${way}, or remove it` });
  }
}
