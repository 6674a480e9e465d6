// `npm run zero-loss [-- --node PATH ...] [--clients N] [--requests N] [--no-write]`: the matrix
// {http, Express, Fastify} x {keep-alive, close} x everything that replaces workers, under load, on each Node given.
// Writes docs/zero-loss.md; ends with 1 if a single request failed. A whole Node takes about five minutes.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ACTS } from './zero-loss/acts.mjs';
import { formatDocument } from './zero-loss/document.mjs';
import { Ecosystem } from './zero-loss/ecosystem.mjs';
import { runCells } from './zero-loss/run-cells.mjs';

const KINDS = ['http', 'express', 'fastify'];
const MODES = ['keep-alive', 'close'];

const { values } = parseArgs({
  options: {
    node: { type: 'string', multiple: true, default: [process.execPath] },
    clients: { type: 'string', default: '32' },
    requests: { type: 'string', default: '5000' },
    kind: { type: 'string', multiple: true, default: KINDS },
    'no-write': { type: 'boolean', default: false },
  },
});
const clients = Number(values.clients);
const requests = Number(values.requests);

const runs = [];
for (const node of values.node) {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  console.log(`\nNode ${version}`);
  runs.push({ version, rows: await runOn(node) });
}

const failed = runs
  .flatMap(({ rows }) => rows.flatMap(({ cells }) => cells))
  .reduce((sum, cell) => sum + cell.failed, 0);
if (!values['no-write']) {
  const file = fileURLToPath(new URL('../docs/zero-loss.md', import.meta.url));
  writeFileSync(file, formatDocument({ runs, acts: ACTS, clients, requests }));
  console.log(`\nWritten: ${file}`);
}
console.log(failed === 0 ? '\nNo request failed.' : `\n${failed} requests failed.`);
process.exitCode = failed === 0 ? 0 : 1;

/** One row for each kind of server and mode of its clients. */
async function runOn(node) {
  const rows = [];
  for (const kind of values.kind) {
    const ecosystem = await Ecosystem.open(node, kind);
    try {
      for (const mode of MODES) {
        console.log(`  ${kind}, ${mode}`);
        rows.push({
          kind,
          mode,
          cells: await runCells({ ecosystem, acts: ACTS, mode, clients, requests, onCell: print }),
        });
      }
    } finally {
      await ecosystem.close();
    }
  }
  return rows;
}

function print({ name, acted, answered, failed, failures }) {
  console.log(
    `    ${name.padEnd(24)} ${`${acted}`.padStart(3)} x ${`${answered}`.padStart(8)} answered ${`${failed}`.padStart(5)} failed`,
  );
  for (const failure of failures.slice(0, 3)) console.log(`      ${JSON.stringify(failure)}`);
}
