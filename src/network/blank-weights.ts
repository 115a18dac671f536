/** Weights of a network without their values, for what depends on the network's structure alone: cost, size, latency. */
import type { Tensor } from '../onnx/model.ts';
import type { Network } from './network.ts';
import { networkShapes } from './rules/shape.ts';
import { weightSpecs } from './rules/weights.ts';

const NOTHING = new Float32Array(0);

/** Tensors of the right shapes with no data. Models made of them can be looked at, not run. */
export function blankWeights(network: Network): Map<string, Tensor> {
  const shapes = networkShapes(network);
  const weights = new Map<string, Tensor>();
  for (const { id, operator, inputs } of network.nodes)
    for (const { suffix, shape } of weightSpecs(operator, shapes.get(inputs[0]!)!))
      weights.set(`${id}.${suffix}`, { dtype: 'float32', shape, data: NOTHING });
  return weights;
}

/** True for a tensor that has a shape and no data. */
export const isBlank = ({ shape, data }: Tensor): boolean =>
  data.length === 0 && shape.every((axis) => axis > 0);
