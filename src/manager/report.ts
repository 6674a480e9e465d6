// Manager: tells whoever started it, once, whether it runs (protocol/manager-boot.ts).

import { closeSync, fstatSync, writeSync } from 'node:fs';
import { type ManagerReport, REPORT_FD } from '../protocol/manager-boot.ts';

export function reportStart(report: ManagerReport): void {
  try {
    const found = fstatSync(REPORT_FD);
    // Started by hand, the descriptor may be one of Node's own.
    if (!found.isFIFO() && !found.isSocket()) return;
    writeSync(REPORT_FD, `${JSON.stringify(report)}\n`);
    closeSync(REPORT_FD);
  } catch {
    // Nobody listens, or no longer: what was started goes on.
  }
}
