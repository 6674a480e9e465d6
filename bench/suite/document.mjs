// The results as Markdown. Pure.

import { summarize } from './statistics.mjs';

/** The whole of docs/benchmarks.md. */
export function formatDocument({ rows, runs, machine, versions }) {
  return `# Benchmarks

Written by \`npm run bench\` (bench/bench.mjs); do not edit.

Everything in one table is measured in the same runs, in turn: ${runs} runs, each of all contenders. A cell shows the median,
and in brackets the least and the most. A target compares run by run, and its median decides. Ratios are what to look
at: absolute figures are those of this machine.

${formatFacts([...machine, ...versions])}

## Targets

${formatTargets(rows)}
${rows.map(formatRow).join('\n')}`;
}

export function formatRow({ row, results, errors }) {
  const contenders = row.contenders.map(({ name }) => name);
  const metrics = [...new Set(contenders.flatMap((name) => [...(results.get(name)?.keys() ?? [])]))];
  const lines = metrics.map((metric) => [
    metric,
    ...contenders.map((name) => {
      const samples = results.get(name)?.get(metric);
      return samples === undefined ? '' : formatSummary(summarize(samples));
    }),
  ]);
  const faults = [...errors].map(([name, error]) => `${name} could not be measured: ${firstLine(error)}\n\n`);
  return `## ${row.number}. ${row.title}

${row.about}

${formatTable(['', ...contenders], lines)}

${faults.join('')}${formatTable(
  ['target', 'measured', ''],
  row.targets.map((target) => formatTarget(target, results)),
)}
`;
}

/** Three digits that count; no more than that can be repeated. */
export function formatNumber(number) {
  const digits = Math.abs(number) >= 100 ? 0 : Math.abs(number) >= 10 ? 1 : 2;
  return number.toLocaleString('en', { minimumFractionDigits: 0, maximumFractionDigits: digits });
}

function formatTargets(rows) {
  return formatTable(
    ['row', 'target', 'measured', ''],
    rows.flatMap(({ row, results }) =>
      row.targets.map((target) => [`${row.number}`, ...formatTarget(target, results)]),
    ),
  );
}

function formatTarget({ text, check }, results) {
  const verdict = check(results);
  if (verdict === null) return [text, 'not measured', ''];
  return [text, formatSummary(verdict.summary), verdict.met ? 'met' : '**missed**'];
}

function formatSummary({ median, min, max, count }) {
  const spread = count === 1 ? '' : ` (${formatNumber(min)} to ${formatNumber(max)})`;
  return `${formatNumber(median)}${spread}`;
}

function formatFacts(facts) {
  return formatTable(
    ['', ''],
    facts.map(([name, fact]) => [name, fact]),
  );
}

function formatTable(head, lines) {
  if (lines.length === 0) return '';
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function firstLine(error) {
  return String(error.message).split('\n')[0];
}
