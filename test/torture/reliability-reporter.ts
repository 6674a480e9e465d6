// Writes docs/reliability.md from what the tests have found: `npm run torture`. Nothing is written where one has failed.

import { writeFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Reporter, TestModule } from 'vitest/node';

import { formatReliability } from './format-reliability.ts';

const FILE = fileURLToPath(new URL('../../docs/reliability.md', import.meta.url));

export default class ReliabilityReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    if (modules.some((module) => module.state() !== 'passed')) {
      console.error('docs/reliability.md is left as it was: not everything has passed');
      return;
    }
    const findings = tests.map((test) => test.meta().finding).filter((finding) => finding !== undefined);
    const gigabytes = Math.round(totalmem() / 1024 ** 3);
    const machine = `Node ${process.version}, ${platform()} ${arch()}, ${cpus().length} CPUs, ${gigabytes} GB`;
    writeFileSync(FILE, formatReliability(findings, machine));
    console.log(`Written: ${FILE} (${findings.length} faults)`);
  }
}
