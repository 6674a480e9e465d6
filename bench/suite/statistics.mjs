// What is said of the runs of one measurement. Pure.

/** { median, min, max, count } */
export function summarize(samples) {
  if (samples.length === 0) throw new Error('no samples');
  const sorted = samples.toSorted((a, b) => a - b);
  return { median: median(sorted), min: sorted[0], max: sorted.at(-1), count: sorted.length };
}

/** Run by run, since what disturbs one run disturbs all its contenders. */
export function pairwise(a, b, combine) {
  if (a.length !== b.length) throw new Error(`${a.length} samples against ${b.length}`);
  return summarize(a.map((sample, index) => combine(sample, b[index])));
}

function median(sorted) {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
