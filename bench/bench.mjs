// `npm run bench [-- --row N ...] [--runs N] [--no-write]`: measures evenkeel against what else could be used, on the same
// work in the same run. The whole suite with at least 5 runs writes docs/benchmarks.md; anything less is only printed.
// Linux; needs wrk. It runs on the Node that runs it. Ends with 1 where something could not be measured, not where a
// target is missed: nothing here is a test.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { interrupt } from './measure/using.mjs';
import { formatDocument, formatNumber, formatRow } from './suite/document.mjs';
import { machineFacts, versionFacts } from './suite/facts.mjs';
import { installPeers } from './suite/install-peers.mjs';
import { loadRows } from './suite/rows.mjs';
import { runRow } from './suite/run-row.mjs';

const DOCUMENT = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));
const FEWEST_RUNS = 5;

const { values } = parseArgs({
  options: {
    row: { type: 'string', multiple: true, default: [] },
    runs: { type: 'string', default: String(FEWEST_RUNS) },
    'no-write': { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
if (!(Number.isInteger(runs) && runs > 0)) throw new Error(`--runs ${values.runs}: not a number of runs`);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    console.log('\nInterrupted; ending what runs.');
    await interrupt();
    process.exit(130);
  });
}

installPeers();
const measured = [];
for (const row of await loadRows(values.row.map(Number))) {
  console.log(`\n${row.number}. ${row.title}`);
  const result = await runRow(row, { runs, context: { node: process.execPath }, onMeasured: print });
  console.log(`\n${formatRow(result)}`);
  measured.push(result);
}

const errors = measured.flatMap((row) => [...row.errors.values()]);
if (values['no-write'] || values.row.length > 0 || runs < FEWEST_RUNS || errors.length > 0) {
  console.log(`Not written: that takes the whole suite, ${FEWEST_RUNS} runs and no error.`);
} else {
  const versions = await versionFacts(process.execPath);
  writeFileSync(DOCUMENT, formatDocument({ rows: measured, runs, machine: machineFacts(), versions }));
  console.log(`Written: ${DOCUMENT}`);
}
process.exitCode = errors.length === 0 ? 0 : 1;

function print(contender, outcome) {
  if (outcome instanceof Error) {
    console.log(`  ${contender}: ${outcome.stack}`);
    return;
  }
  const figures = Object.entries(outcome).map(([metric, sample]) => `${metric} ${formatNumber(sample)}`);
  console.log(`  ${contender}: ${figures.join('; ')}`);
}
