// docs/zero-loss.md from what was counted.

import os from 'node:os';

export function formatDocument({ runs, acts, clients, requests }) {
  const total = sum(
    runs.flatMap(({ rows }) => rows.flatMap(({ cells }) => cells)),
    'answered',
  );
  const failed = sum(
    runs.flatMap(({ rows }) => rows.flatMap(({ cells }) => cells)),
    'failed',
  );
  return `# Zero loss, counted

Written by \`npm run zero-loss\` (bench/zero-loss.mjs); do not edit.

Unmodified servers on \`node:http\`, Express and Fastify, two workers each, asked by ${clients} clients without a pause,
over keep-alive connections or a new one for each request, while workers are replaced again and again: at
least ${requests.toLocaleString('en')} requests a cell. A request counts as failed whatever kept it from its answer: refused, reset, timed
out, another status, a body cut short. Nothing is asked twice.

**${total.toLocaleString('en')} requests answered, ${failed.toLocaleString('en')} failed.**
Each cell: requests answered / failed (how often it was done).

${runs.map((run) => formatRun(run, acts.flat())).join('\n')}
Measured on ${os.cpus().length} CPU cores (${os.cpus()[0]?.model.trim()}), ${os.type()} ${os.release().split('.').slice(0, 2).join('.')}; load and servers shared them.
`;
}

function formatRun({ version, rows }, acts) {
  const head = ['', ...rows.map(({ kind, mode }) => `${kind}, ${mode}`)];
  const lines = acts.map(({ name }, index) => [name, ...rows.map(({ cells }) => formatCell(cells[index]))]);
  return `## Node ${version}

${[head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}
`;
}

function formatCell({ answered, failed, acted }) {
  return `${answered.toLocaleString('en')} / **${failed.toLocaleString('en')}** (${acted}x)`;
}

function sum(cells, key) {
  return cells.reduce((total, cell) => total + cell[key], 0);
}
