/** Gradients of pooling. */
import { fail } from '../../errors.ts';
import type { GradientRule } from '../rule.ts';
import { averagePoolGradient, globalAveragePoolGradient, maxPoolGradient } from '../training-operators.ts';

/** Training graphs let MaxPool give the places of its maxima as second output (see forward.ts). */
export const maxPool: GradientRule = (c) => [
  maxPoolGradient(c.m.g, c.dy, c.node.outputs[1]!, c.shape(c.node.inputs[0]!), `${c.node.name}/gradient`),
];

export const averagePool: GradientRule = (c) => {
  const { node } = c;
  const shape = c.shape(node.inputs[0]!);
  if (shape.length !== 4)
    fail('NO_GRADIENT', { op: `AveragePool (${shape.length - 2} spatial axes)`, node: node.name });
  return [averagePoolGradient(c.m.g, c.dy, shape, node.attributes, `${node.name}/gradient`)];
};

export const globalAveragePool: GradientRule = (c) => [
  globalAveragePoolGradient(c.m.g, c.dy, c.shape(c.node.inputs[0]!), `${c.node.name}/gradient`),
];

/** Ties share the gradient evenly. */
export const globalMaxPool: GradientRule = (c) => {
  const { m } = c;
  const x = c.node.inputs[0]!;
  const axes = c
    .shape(x)
    .map((_, i) => i)
    .slice(2);
  const hits = m.g.op('Cast', [m.g.op('Equal', [x, c.node.outputs[0]!])], { to: { type: 'int', value: 1 } });
  return [m.mul(hits, m.div(c.dy, m.sum(hits, axes, true)))];
};
