// Rule: an app has one program, and it is there. (config loader)

import { resolve } from 'node:path';
import { programProblem } from '../../platform/find-program.ts';
import { normalizeHook } from '../normalize-app.ts';
import type { AppDraft, RuleContext } from './draft.ts';
import { givenItems, givenMap, isGiven } from './draft.ts';

export function checkPrograms(context: RuleContext): void {
  for (const draft of context.apps) {
    checkChoice(draft, context);
    if (!context.generated) {
      checkFiles(draft, context);
      checkCommand(draft, context);
    }
    checkHooks(draft, context);
  }
}

function checkChoice(draft: AppDraft, { report }: RuleContext): void {
  const path = ['apps', draft.spec.name];
  const [script, command] = [isGiven(draft, 'script'), isGiven(draft, 'command')];
  if (script && command) {
    report([...path, 'command'], 'an app has either a script or a command, and this one has both', {
      ...{ at: 'key', hint: 'remove one of them; `script` is for Node programs' },
    });
  }
  if (!script && !command) {
    report(path, 'the app has neither a script nor a command', {
      ...{ at: 'key', hint: 'write script: server.js, or command: [program, argument]' },
    });
  }
}

function checkFiles({ spec }: AppDraft, { files, report }: RuleContext): void {
  const path = ['apps', spec.name];
  const cwd = files.kindOf(spec.cwd);
  if (cwd !== 'directory') {
    const fault = cwd === 'missing' ? 'does not exist' : 'is not a directory';
    return report([...path, 'cwd'], `the directory ${spec.cwd} ${fault}`, {
      hint: 'cwd is relative to the config file',
    });
  }
  if (spec.script === null) return;
  const script = files.kindOf(spec.script);
  if (script === 'missing') {
    report([...path, 'script'], `the script ${spec.script} does not exist`, {
      hint: 'script is relative to cwd; has it been built?',
    });
  }
  if (script === 'directory') {
    report([...path, 'script'], `the script ${spec.script} is a directory`, { hint: 'name the file in it' });
  }
  const problem = programProblem(spec.node.bin, spec.cwd, spec.env.PATH, files.isProgram);
  if (problem !== null) report([...path, 'node', 'bin'], problem.message, { hint: problem.hint });
}

function checkCommand(draft: AppDraft, { files, report }: RuleContext): void {
  const { spec } = draft;
  if (spec.command === null || spec.script !== null) return;
  const [program = ''] = spec.command;
  const file = resolve(spec.cwd, program);
  if (program.includes('/') && files.kindOf(file) !== 'file') {
    report(['apps', spec.name, 'command', 0], `there is no program ${file}`, {
      hint: 'a relative path is relative to cwd; has it been built?',
    });
  } else {
    const problem = programProblem(program, spec.cwd, spec.env.PATH, files.isProgram);
    if (problem !== null) report(['apps', spec.name, 'command', 0], problem.message, { hint: problem.hint });
  }
  if (spec.listen.length === 0) return;
  for (const [name, value] of Object.entries(givenMap(draft, 'env'))) {
    if (value === null || /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) continue;
    report(['apps', spec.name, 'env', name], 'a shell hands the sockets over, and would drop a variable of this name', {
      ...{ at: 'key', hint: 'use letters, digits and "_", or set it in a wrapper: command: [env, "a.b=1", program]' },
    });
  }
}

function checkHooks(draft: AppDraft, { files, folder, report }: RuleContext): void {
  for (const key of ['deploy.before', 'deploy.after', 'hooks.beforeFork']) {
    for (const [index, item] of givenItems(draft, key)) {
      const hook = normalizeHook(item, folder);
      if (hook?.kind !== 'module' || files.kindOf(hook.file) === 'file') continue;
      report(['apps', draft.spec.name, ...key.split('.'), index, 'module'], `the module ${hook.file} does not exist`, {
        hint: 'module is relative to the config file',
      });
    }
  }
}
