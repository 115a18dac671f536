/** Softmax over the channels of images. */
import { int64 } from '../../onnx/graph-builder.ts';
import { intAttribute } from '../../onnx/shape-rules.ts';
import type { BlockedHandler } from './handler.ts';

/** More channels than this are better transposed, as ONNX Runtime's own operator does. */
const FEW = 32;

/** log softmax over axis 1 written out: ONNX Runtime's operator moves the axis to the end and back. */
export const logSoftmax: BlockedHandler = (l, node) => {
  const { m } = l;
  const [x, output] = [node.inputs[0]!, node.outputs[0]!];
  const shape = l.shape(x);
  const axis = intAttribute(node.attributes, 'axis', -1);
  if (shape.length < 3 || axis !== 1 || shape[1]! > FEW) return false;
  const logits = l.plain(x);
  const largest = m.g.op('ReduceMax', [logits, m.g.constant(int64([1]))]);
  const shifted = m.sub(logits, largest);
  const total = m.g.op('Log', [m.sum(m.g.op('Exp', [shifted]), [1], true)]);
  l.setPlain(output, m.sub(shifted, total));
  return true;
};
