/** Lowering: every training operator of a graph replaced by operators that ONNX Runtime executes. */
import { createGraphBuilder } from '../../onnx/graph-builder.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import type { Shape } from '../../onnx/shape-rules.ts';
import { arithmetic } from '../arithmetic.ts';
import { TRAINING_DOMAIN, type TrainingOperator } from '../training-operators.ts';
import { PLAIN_LOWERINGS } from './plain.ts';
import { type LoweringTarget, PLAIN } from './target.ts';

/**
 * @param shapeOf shape of any value of the model
 * @returns an equal model without operators of the training domain
 */
export function lower(
  model: OnnxModel,
  shapeOf: (value: string) => Shape,
  target: LoweringTarget = PLAIN,
): OnnxModel {
  void target;
  void shapeOf;
  const { graph } = model;
  const g = createGraphBuilder({ name: graph.name });
  const m = arithmetic(g);
  for (const input of graph.inputs) g.input(input.name, input.dtype, input.shape);
  for (const [name, tensor] of graph.initializers) g.initializer(name, tensor);
  const renamed = new Map<string, string>();
  const current = (value: string): string => renamed.get(value) ?? value;
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(current);
    if (node.domain === TRAINING_DOMAIN) {
      const values = PLAIN_LOWERINGS[node.op as TrainingOperator](m, node, inputs);
      node.outputs.forEach((output, i) => renamed.set(output, values[i]!));
    } else {
      const { name, domain, attributes, outputs } = node;
      g.node(node.op, inputs, { name, domain, attributes, outputs });
    }
  }
  for (const output of graph.outputs) g.output(current(output.name));
  return g.build({ metadata: model.metadata });
}
