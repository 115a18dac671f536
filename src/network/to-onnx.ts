/** A network as an ONNX model. */
import { createGraphBuilder } from '../onnx/graph-builder.ts';
import type { OnnxModel, Tensor } from '../onnx/model.ts';
import { checkWeights } from './check-weights.ts';
import { liveNetwork } from './live-network.ts';
import type { Network } from './network.ts';
import { lowerOperator } from './rules/lowering.ts';
import { networkShapes } from './rules/shape.ts';

/** In training the model has dropout and stochastic depth, and the batch must be a number. */
export type ToOnnxOptions =
  | {
      readonly mode: 'training';
      /** Images in a step, ≥ 1. */
      readonly batch: number;
    }
  | {
      readonly mode: 'inference';
      /** Images in a run, ≥ 1; `'batch'` for any number. */
      readonly batch: number | 'batch';
    };

/**
 * The model, in operator set 21, has the network's inputs under their ids (float32 [batch, …shape]), its first output
 * is `logits` (further ones `logits1`, …), its initialisers are the weights by name, and node names are node ids.
 * Layers that no output needs are left out.
 * @throws SHAPE when a layer does not fit its input, or a weight is missing or of another shape
 */
export function networkToOnnx(
  network: Network,
  weights: ReadonlyMap<string, Tensor>,
  options: ToOnnxOptions,
): OnnxModel {
  const shapes = networkShapes(network);
  checkWeights(network, weights);
  const outputNames = network.outputs.map((_, i) => (i === 0 ? 'logits' : `logits${i}`));
  const g = createGraphBuilder({ name: 'network', reserved: new Set([...outputNames, ...weights.keys()]) });
  const values = new Map<string, string>();
  for (const { id, shape } of network.inputs)
    values.set(id, g.input(id, 'float32', [options.batch, ...shape]));
  for (const [name, tensor] of weights) g.initializer(name, tensor);
  for (const { id, operator, inputs } of liveNetwork(network).nodes) {
    const value = lowerOperator(operator, {
      g,
      id,
      inputs: inputs.map((i) => values.get(i)!),
      shape: shapes.get(id)!,
      weight: (suffix) => `${id}.${suffix}`,
      training: options.mode === 'training',
      batch: options.batch,
    });
    values.set(id, value);
  }
  network.outputs.forEach((output, i) => {
    g.output(g.node('Identity', [values.get(output)!], { outputs: [outputNames[i]!] })[0]!);
  });
  return g.build();
}
