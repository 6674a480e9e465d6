// What a test needs of the machine. Where that is missing the test is skipped, and its line in the report says why.

import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import type { TestContext } from 'vitest';

/** The absolute path of a program of Debian's packages. */
export function needsProgram(context: TestContext, name: 'python3' | 'gunicorn'): string {
  for (const folder of ['/usr/bin', '/usr/local/bin']) {
    try {
      accessSync(`${folder}/${name}`, constants.X_OK);
      return `${folder}/${name}`;
    } catch {
      // Not there.
    }
  }
  return context.skip(`${name} is not installed: apt-get install ${name}`);
}

export function needsLinux(context: TestContext): void {
  if (process.platform !== 'linux') context.skip('only Linux shows what this test looks at');
}

/** `what`: that only root can do it, say "give a folder away". */
export function needsRoot(context: TestContext, what: string): void {
  if (process.getuid?.() !== 0) context.skip(`only root can ${what}`);
}

/** For tests of `user`: root, and every one of these files within the reach of the user with this id. */
export function needsUser(context: TestContext, uid: number, ...files: readonly string[]): void {
  needsRoot(context, 'start processes as another user');
  for (const file of files) {
    const { status } = spawnSync('test', ['-r', file], { uid, gid: uid });
    if (status !== 0) context.skip(`the user ${uid} may not read ${file}`);
  }
}
