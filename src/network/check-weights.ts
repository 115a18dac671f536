/** That weights belong to a network: they often come from another file than the network does. */
import { fail } from '../errors.ts';
import type { Tensor } from '../onnx/model.ts';
import type { Network } from './network.ts';
import { networkShapes } from './rules/shape.ts';
import { weightSpecs } from './rules/weights.ts';

/** @throws SHAPE, naming the layer, when a weight is missing or of another shape */
export function checkWeights(network: Network, weights: ReadonlyMap<string, Tensor>): void {
  const shapes = networkShapes(network);
  for (const { id, operator, inputs } of network.nodes) {
    for (const { suffix, shape } of weightSpecs(operator, shapes.get(inputs[0]!)!)) {
      const found = weights.get(`${id}.${suffix}`)?.shape;
      if (found !== undefined && isSame(found, shape)) continue;
      const reason = `its ${suffix} must be [${shape.join(', ')}], and ${found ? `is [${found.join(', ')}]` : 'is missing'}`;
      fail('SHAPE', { layer: id, operator: operator.kind, reason });
    }
  }
}

/** Networks are checked by the thousand: no texts are made of shapes that fit. */
const isSame = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((axis, i) => axis === b[i]);
