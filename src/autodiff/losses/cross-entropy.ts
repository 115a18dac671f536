/** Softmax cross-entropy with soft labels. */

import { int } from '../../onnx/graph-builder.ts';
import { staticShape } from '../arithmetic.ts';
import type { Loss } from './loss.ts';

/**
 * −(1/N) Σ labels · log softmax(logits), in nats. Graph input `labels` is [batch, classes]: one-hot, smoothed, mixed or
 * weighted rows as the batcher makes them; rows need not sum to one.
 */
export const crossEntropy: Loss = {
  name: 'crossEntropy',
  build(m, outputs) {
    const logits = outputs[0]!;
    const shape = staticShape(m.g.shape(logits));
    const labels = m.g.input('labels', 'float32', shape);
    const logProbabilities = m.g.op('LogSoftmax', [logits], { axis: int(-1) });
    return m.scale(m.sum(m.mul(labels, logProbabilities), [0, 1], false), -1 / shape[0]!);
  },
};
