/** Gradients of convolutions, in terms of the training operators whose fast forms the lowerings know. */
import { fail } from '../../errors.ts';
import type { GradientContext, GradientRule } from '../rule.ts';
import { convInputGradient, convWeightGradient } from '../training-operators.ts';

const spatialAxes = (shape: readonly number[]): readonly number[] => [
  0,
  ...shape.slice(2).map((_, i) => i + 2),
];

/** The lowerings know images; sequences and volumes have become images before (forms/window.ts). */
function demandImages(c: GradientContext): void {
  const axes = c.shape(c.node.inputs[1]!).length - 2;
  if (axes !== 2) fail('NO_GRADIENT', { op: `${c.node.op} (${axes} spatial axes)`, node: c.node.name });
}

export const conv: GradientRule = (c) => {
  demandImages(c);
  const { m, node, dy } = c;
  const [x, w, bias] = node.inputs as [string, string, string?];
  const { name, attributes } = node;
  return [
    c.needs(0) ? convInputGradient(m.g, dy, w, c.shape(x), attributes, `${name}/inputGradient`) : null,
    c.needs(1) ? convWeightGradient(m.g, x, dy, c.shape(w), attributes, `${name}/weightGradient`) : null,
    bias !== undefined && c.needs(2) ? m.sum(dy, spatialAxes(c.shape(dy)), false) : null,
  ].slice(0, node.inputs.length);
};

/**
 * A transposed convolution is the input gradient of a convolution with the same weights; so its own input gradient is
 * that convolution, and its weight gradient is the convolution's with the two images in swapped roles.
 */
export const convTranspose: GradientRule = (c) => {
  demandImages(c);
  const { m, node, dy } = c;
  const [x, w, bias] = node.inputs as [string, string, string?];
  const { output_padding: _, output_shape: __, ...attributes } = node.attributes;
  return [
    c.needs(0) ? m.g.op('Conv', [dy, w], attributes) : null,
    c.needs(1) ? convWeightGradient(m.g, dy, x, c.shape(w), attributes, `${node.name}/weightGradient`) : null,
    bias !== undefined && c.needs(2) ? m.sum(dy, spatialAxes(c.shape(dy)), false) : null,
  ].slice(0, node.inputs.length);
};
