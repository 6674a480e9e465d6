// Runs the acts under one load and counts, for each, the requests that ended while it and its aftermath lasted.

import { startLoad } from '../../examples/shop/load.mjs';

/** Every cell repeats its act at least so often ... */
const LEAST_REPEATS = 3;
/** ... and after each time so many requests are awaited: what it broke shows at the latest then. */
const REQUESTS_AFTER_ACT = 300;

/** `onCell` is told of each cell when it is complete. */
export async function runCells({ ecosystem, acts, mode, clients, requests, onCell }) {
  const load = startLoad({ port: ecosystem.port, clients, mode });
  const cells = [];
  try {
    await load.more(clients);
    for (const group of acts) {
      const done = await runGroup({ ecosystem, group, load, requests });
      done.forEach(onCell);
      cells.push(...done);
    }
    return cells;
  } finally {
    await load.stop();
  }
}

async function runGroup({ ecosystem, group, load, requests }) {
  const cells = group.map(({ name }) => ({ name, acted: 0, answered: 0, failed: 0, failures: [] }));
  // The first cell also answers for what preparing it cost.
  await group[0].prepare(ecosystem);
  while (cells.some((cell) => cell.acted < LEAST_REPEATS || cell.answered < requests)) {
    for (const [index, { act }] of group.entries()) {
      await act(ecosystem);
      await load.more(REQUESTS_AFTER_ACT);
      add(cells[index], load.lap());
    }
  }
  return cells;
}

function add(cell, { answered, failed, failures }) {
  cell.acted += 1;
  cell.answered += answered;
  cell.failed += failed;
  cell.failures.push(...failures);
}
