// What a row must reach: functions of the results of all runs. Pure.
//
// `results`: contender → metric → samples, one per run. A value is named by [contender, metric]. A target of values that
// nobody measured (a contender that does not run on this Node) gives null.

import { EVENKEEL } from '../contenders/names.mjs';
import { pairwise, summarize } from './statistics.mjs';

const divide = (a, b) => a / b;
const subtract = (a, b) => a - b;

/** The metric of evenkeel divided by that of another contender. */
export function ratio(metric, against, bound) {
  return compare({ of: [EVENKEEL, metric], to: [against, metric], combine: divide, sign: '/', bound });
}

/** Any value divided by any other. */
export function ratioOf(of, to, bound) {
  return compare({ of, to, combine: divide, sign: '/', bound });
}

/** Any value minus any other. */
export function difference(of, to, bound) {
  return compare({ of, to, combine: subtract, sign: '−', bound });
}

export function value(of, bound) {
  return {
    text: `${name(of)} ${describe(bound)}`,
    check: (results) => {
      const samples = samplesOf(results, of);
      return samples === null ? null : judge(summarize(samples), bound);
    },
  };
}

export const atLeast = (number) => ({ number, sign: '≥', holds: (measured) => measured >= number });
export const atMost = (number) => ({ number, sign: '≤', holds: (measured) => measured <= number });

function compare({ of, to, combine, sign, bound }) {
  return {
    text: `${name(of)} ${sign} ${name(to)} ${describe(bound)}`,
    check: (results) => {
      const [a, b] = [samplesOf(results, of), samplesOf(results, to)];
      return a === null || b === null ? null : judge(pairwise(a, b, combine), bound);
    },
  };
}

/** The median decides; the spread is shown. */
function judge(summary, bound) {
  return { summary, met: bound.holds(summary.median) };
}

function samplesOf(results, [contender, metric]) {
  return results.get(contender)?.get(metric) ?? null;
}

function name([contender, metric]) {
  return `${contender}: ${metric}`;
}

function describe({ sign, number }) {
  return `${sign} ${number}`;
}
