/** Scale and zero point of every value that is kept in integers, from the ranges that calibration found. */
import type { OnnxGraph } from '../onnx/model.ts';
import { type Affine, affineOf, type Range } from './affine.ts';
import { indexGraph } from './graph.ts';
import type { QuantisationPlan } from './plan.ts';
import type { QuantisationTarget } from './targets.ts';

/** What the integers of each activation cover, by value name. */
export type Ranges = ReadonlyMap<string, Range>;

const UNIT: Range = { low: 0, high: 1 };

export function affineValues(
  graph: OnnxGraph,
  plan: QuantisationPlan,
  ranges: Ranges,
  target: QuantisationTarget,
): ReadonlyMap<string, Affine> {
  const index = indexGraph(graph);
  const found = new Map<string, Affine>();
  const set = (value: string, range: Range): void => {
    if (plan.values.has(value) && !found.has(value)) found.set(value, affineOf(range, target.activations));
  };
  for (const { role, inputs, output } of plan.units) {
    for (const input of inputs) {
      const constant = index.constant(input);
      set(input, constant === null ? ranges.get(input)! : rangeOf(constant.data as Float32Array));
    }
    // What only moves numbers keeps their scale.
    if (role === 'pass') found.set(output, found.get(inputs[0]!)!);
    else if (role === 'sigmoid' || role === 'hardSigmoid') set(output, UNIT);
    else if (plan.values.has(output)) set(output, ranges.get(output)!);
  }
  return found;
}

function rangeOf(values: Float32Array): Range {
  let low = 0;
  let high = 0;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}
