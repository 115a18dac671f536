/** Knowledge distillation (Hinton et al. 2015): the student learns the teacher's softened probabilities. */
import { int } from '../../onnx/graph-builder.ts';
import { staticShape } from '../arithmetic.ts';
import { requireSetting, requireShare } from '../setting.ts';
import { type CrossEntropyOptions, crossEntropy } from './cross-entropy.ts';
import type { Loss } from './loss.ts';
import { axisProblem, inputLike, sumOfAll } from './reduction.ts';

/** Temperature of {@link distillation}, and what the labels have a say in. */
export interface DistillationOptions {
  /** T, which softens both sides; > 0, 4 by default. */
  readonly temperature?: number;
  /** Share of the ordinary cross-entropy with the `labels` in the loss, 0..1; 0 by default (no labels needed). */
  readonly labelShare?: number;
  /** How that cross-entropy is formed; with soft labels by default. */
  readonly crossEntropy?: CrossEntropyOptions;
}

/**
 * (1 − share) · T² · KL(softmax(teacher/T) ‖ softmax(student/T)) + share · cross-entropy, in nats (Hinton et al.
 * 2015); T² keeps the size of the gradient equal at every temperature. Input `teacherLogits`: float32, shaped like
 * the model's first output [batch, classes, …]; the mean is over all but the classes. With a share, input `labels`
 * too, as in `crossEntropy`.
 * @throws USAGE when an option is out of its range; when the graph is built, SHAPE when the output has no axis of
 *   classes
 */
export function distillation(options: DistillationOptions = {}): Loss {
  const { temperature = 4, labelShare = 0 } = options;
  requireSetting(
    'distillation',
    'temperature',
    temperature,
    temperature > 0 && temperature < Infinity,
    'a finite number above 0',
  );
  requireShare('distillation', 'labelShare', labelShare);
  const ordinary = crossEntropy(options.crossEntropy);
  return {
    name: 'distillation',
    classLabels: (shapes) => (labelShare === 0 ? [] : (ordinary.classLabels?.(shapes) ?? [])),
    build(m, outputs, stopGradient) {
      const logits = outputs[0]!;
      const shape = staticShape(m.g.shape(logits));
      if (shape.length < 2)
        axisProblem('distillation', logits, shape, 'has no axis of classes: [batch, classes, …] is wanted');
      const teacher = inputLike(m, 'teacherLogits', logits);
      const softened = (value: string): string =>
        m.g.op('LogSoftmax', [m.scale(value, 1 / temperature)], { axis: int(1) });
      const wanted = softened(teacher);
      const gap = m.sub(wanted, softened(logits));
      const elements = shape.reduce((a, b) => a * b, 1) / shape[1]!;
      const divergence = m.scale(
        sumOfAll(m, m.mul(m.g.op('Exp', [wanted]), gap)),
        ((1 - labelShare) * temperature ** 2) / elements,
      );
      if (labelShare === 0) return divergence;
      return m.add(divergence, m.scale(ordinary.build(m, outputs, stopGradient), labelShare));
    },
  };
}
