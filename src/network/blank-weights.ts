/** Weights of a network without their values, for what depends on the network's structure alone: cost, size, latency. */
import type { Tensor } from '../onnx/model.ts';
import type { Network, Operator } from './network.ts';
import { networkShapes } from './rules/shape.ts';
import { weightSpecs } from './rules/weights.ts';

const NOTHING = new Float32Array(0);

/** Tensors of the right shapes with no data. Models made of them can be looked at, not run. */
export function blankWeights(network: Network): Map<string, Tensor> {
  const shapes = networkShapes(network);
  const weights = new Map<string, Tensor>();
  for (const { id, operator, inputs } of network.nodes)
    for (const [suffix, tensor] of blanksOf(operator, shapes.get(inputs[0]!)!))
      weights.set(`${id}.${suffix}`, tensor);
  return weights;
}

/** One of an operator's weights. @param input shape of the operator's first input, per image */
export const blankWeight = (operator: Operator, input: readonly number[], suffix: string): Tensor =>
  blanksOf(operator, input).get(suffix)!;

/** Equal layers share their operator (builder.ts); its weights depend on nothing else but the length of the first axis. */
const known = new WeakMap<Operator, Map<number, ReadonlyMap<string, Tensor>>>();

function blanksOf(operator: Operator, input: readonly number[]): ReadonlyMap<string, Tensor> {
  let byLength = known.get(operator);
  if (byLength === undefined) {
    byLength = new Map();
    known.set(operator, byLength);
  }
  let blanks = byLength.get(input[0]!);
  if (blanks === undefined) {
    blanks = new Map(
      weightSpecs(operator, input).map(({ suffix, shape }) => [
        suffix,
        { dtype: 'float32', shape, data: NOTHING } as const,
      ]),
    );
    byLength.set(input[0]!, blanks);
  }
  return blanks;
}

/** True for a tensor that has a shape and no data. */
export const isBlank = ({ shape, data }: Tensor): boolean =>
  data.length === 0 && shape.every((axis) => axis > 0);
