/** Initial weights of a network. */
import type { Tensor } from '../onnx/model.ts';
import type { Random } from '../random.ts';
import type { Network } from './network.ts';
import { networkShapes } from './rules/shape.ts';
import { type Initialisation, weightSpecs } from './rules/weights.ts';

function fill(data: Float32Array, initialisation: Initialisation, random: Random): void {
  switch (initialisation.kind) {
    case 'he':
      random.fillNormal(data, Math.sqrt(2 / initialisation.fanIn));
      return;
    case 'uniform':
      for (let i = 0; i < data.length; i++) data[i] = (2 * random.next() - 1) * initialisation.bound;
      return;
    case 'constant':
      data.fill(initialisation.value);
  }
}

/**
 * All tensors of a network by name (`<node id>.weight`, `.bias`, `.mean`, `.variance`): convolutions normal with
 * variance 2/fan-in (He et al. 2015), linear layers uniform in ±1/√fan-in (PyTorch's default), biases 0; batch norms
 * begin as the identity. Each tensor has a stream of its own, so that a weight depends on its name and the seed
 * alone.
 * @throws SHAPE when the network is not well formed
 */
export function initialWeights(network: Network, random: Random): Map<string, Tensor> {
  const shapes = networkShapes(network);
  const weights = new Map<string, Tensor>();
  for (const { id, operator, inputs } of network.nodes) {
    for (const { suffix, shape, initialisation } of weightSpecs(operator, shapes.get(inputs[0]!)!)) {
      const name = `${id}.${suffix}`;
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      fill(data, initialisation, random.split(name));
      weights.set(name, { dtype: 'float32', shape, data });
    }
  }
  return weights;
}
