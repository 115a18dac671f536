/** A network as an ONNX model. */
import { createGraphBuilder } from '../onnx/graph-builder.ts';
import type { OnnxModel, Tensor } from '../onnx/model.ts';
import type { Network } from './network.ts';
import { lowerOperator } from './rules/lowering.ts';
import { networkShapes } from './rules/shape.ts';

export interface ToOnnxOptions {
  /** In training the model has dropout and stochastic depth, and the batch must be a number. */
  readonly mode: 'training' | 'inference';
  /** A number, or `'batch'` for a batch of any size. */
  readonly batch: number | 'batch';
}

/**
 * The model has the network's inputs under their ids, its first output is `logits` (further ones `logits1`, …), its
 * initialisers are the weights by name, and node names are node ids.
 */
export function networkToOnnx(
  network: Network,
  weights: ReadonlyMap<string, Tensor>,
  options: ToOnnxOptions,
): OnnxModel {
  const g = createGraphBuilder({ name: 'network' });
  const shapes = networkShapes(network);
  const values = new Map<string, string>();
  for (const { id, shape } of network.inputs)
    values.set(id, g.input(id, 'float32', [options.batch, ...shape]));
  for (const [name, tensor] of weights) g.initializer(name, tensor);
  for (const { id, operator, inputs } of network.nodes) {
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
    g.output(g.node('Identity', [values.get(output)!], { outputs: [i === 0 ? 'logits' : `logits${i}`] })[0]!);
  });
  return g.build();
}
