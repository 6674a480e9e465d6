// Measures all contenders of a row in turn, again and again: what changes on the machine meanwhile hits each of them.

/**
 * A row: { number, title, about, contenders, targets }; about: how it is measured.
 * A contender: { name, measure }; `measure` gives { metric: number }, the same metrics each time, and leaves nothing behind.
 *
 * Gives { row, results, errors }; results: contender → metric → samples, one per run, all runs that were complete;
 * errors: contender → message.
 */
export async function runRow(row, { runs, context, onMeasured }) {
  const results = new Map();
  const errors = new Map();
  for (let run = 0; run < runs; run += 1) {
    for (const { name, measure } of inTurn(row.contenders, run)) {
      if (errors.has(name)) continue;
      try {
        const measured = await measure(context);
        record(results, name, measured);
        onMeasured(name, measured);
      } catch (error) {
        errors.set(name, error);
        results.delete(name);
        onMeasured(name, error);
      }
    }
  }
  return { row, results, errors };
}

/** Whoever comes first finds another machine than whoever comes last, so each comes first at times. */
function inTurn(contenders, run) {
  const first = run % contenders.length;
  return [...contenders.slice(first), ...contenders.slice(0, first)];
}

function record(results, contender, measured) {
  if (!results.has(contender)) results.set(contender, new Map());
  const metrics = results.get(contender);
  for (const [metric, sample] of Object.entries(measured)) {
    if (!Number.isFinite(sample)) throw new Error(`${metric} is ${sample}`);
    metrics.set(metric, [...(metrics.get(metric) ?? []), sample]);
  }
}
