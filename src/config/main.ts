// The config loader, a short-lived process: user code in the config runs here and nowhere else. Answers once on its
// own descriptor and exits with 0, whatever the config prints, throws or leaves running.

import { writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { type EvenkeelError, toErrorBody } from '../core/errors.ts';
import type { LoadAnswer } from '../protocol/config-loader.ts';
import { decodeBoot } from './decode-boot.ts';
import { systemFiles } from './files.ts';
import { invalidConfig, loadEcosystem } from './load-ecosystem.ts';
import { ANSWER_FD } from './loader-boot.ts';
import { systemUsers } from './users.ts';

// The config may change its environment, and may replace process.exit.
const variables = { ...process.env };
const exit = process.exit.bind(process);
let file: string | null = null;
let answered = false;

function answer(message: LoadAnswer): void {
  if (answered) return;
  answered = true;
  const bytes = Buffer.from(JSON.stringify(message));
  for (let sent = 0; sent < bytes.length; ) sent += writeSync(ANSWER_FD, bytes, sent);
}

function fail(error: unknown): void {
  answer({ ok: false, error: toErrorBody(error) });
  exit(0);
}

/** A failure of the config's own code. */
function blame(message: string): EvenkeelError {
  const config = file ?? 'the config';
  return invalidConfig(config, [{ file: config, line: null, column: null, path: '', message, hint: null }]);
}

process.on('uncaughtException', (error) => fail(blame(`the config threw ${String(error)}`)));
process.on('beforeExit', () => fail(blame('the config waits for something that never comes')));
process.on('exit', (code) => {
  answer({ ok: false, error: blame(`the config ended the process (code ${code}) before it was read`).toBody() });
});

async function main(): Promise<void> {
  const { cpus, forManager, strict, ...request } = decodeBoot(process.argv[2]);
  const onFound = (found: string): void => {
    file = found;
    process.chdir(dirname(found));
  };
  const ecosystem = await loadEcosystem(request, {
    ...{ cpus, variables, files: systemFiles, users: systemUsers(forManager), strict, onFound },
  });
  answer({ ok: true, ecosystem });
  exit(0);
}

main().catch(fail);
