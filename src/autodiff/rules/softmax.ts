/** Gradients of softmax and its logarithm (opset 13 semantics: along one axis). */
import { intAttribute } from '../../onnx/shape-rules.ts';
import type { GradientContext, GradientRule } from '../rule.ts';

function axisOf(c: GradientContext): number {
  const rank = c.shape(c.node.inputs[0]!).length;
  const axis = intAttribute(c.node.attributes, 'axis', -1);
  return axis < 0 ? axis + rank : axis;
}

/** dx = y · (dy − Σ dy·y) */
export const softmax: GradientRule = (c) => {
  const { m } = c;
  const y = c.node.outputs[0]!;
  const total = m.sum(m.mul(c.dy, y), [axisOf(c)], true);
  return [m.mul(y, m.sub(c.dy, total))];
};

/** dx = dy − softmax(x) · Σ dy */
export const logSoftmax: GradientRule = (c) => {
  const { m } = c;
  const total = m.sum(c.dy, [axisOf(c)], true);
  return [m.sub(c.dy, m.mul(m.g.op('Exp', [c.node.outputs[0]!]), total))];
};
