/** Evaluation of a network with given weights on a split, in inference form. */
import { createBatcher } from '../data/batches.ts';
import type { ImageDataset, ImageSplit } from '../data/dataset.ts';
import { fail } from '../errors.ts';
import { deploymentModel } from '../network/deploy.ts';
import type { Network } from '../network/network.ts';
import { encodeModel } from '../onnx/encode.ts';
import type { Tensor } from '../onnx/model.ts';
import { createSession, fixedBatch } from '../runtime/session.ts';
import { accuracy, type ConfusionMatrix } from '../task/classification-metrics.ts';
import type { Weights } from './plan.ts';

/** What a classifier makes of the images of a split. */
export interface Evaluation {
  /**
   * Share of images whose largest logit is that of their class (the first of equal ones), 0..1; 0 of an empty split.
   */
  readonly accuracy: number;
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  /** Images by class and predicted class. */
  readonly confusion: ConfusionMatrix;
  /** For each image in the split's order, 1 where it counts as right, else 0. */
  readonly right: Uint8Array;
}

interface EvaluationData {
  /** Images and labels; of the shape and classes of `dataset`. */
  readonly split: ImageSplit;
  /** Says the images' shape, their normalisation and the classes. */
  readonly dataset: ImageDataset;
  /** Of ONNX Runtime, ≥ 1. */
  readonly threads: number;
}

/** A network, its weights and what to ask of them. */
interface NetworkToEvaluate extends EvaluationData {
  /** With one input, of the images' shape, and one logit for each class. */
  readonly network: Network;
  /** By name, `<node id>.<suffix>`. */
  readonly weights: Weights;
}

/** A model and what to ask of it. */
interface ModelToEvaluate extends EvaluationData {
  /** ONNX bytes. */
  readonly model: Uint8Array;
  /** Images in a run: the model's own where its batch is fixed, else 250 or the whole split by default. */
  readonly batch?: number;
  /** Ends the work before its next batch. */
  readonly signal?: AbortSignal;
  /** Called after each batch. */
  readonly onBatch?: () => void;
}

const BATCH = 250;

/**
 * Evaluation of a network with given weights on a split, in the form in which it is deployed, in float32.
 *
 * An image of whose logits one is NaN or +∞ counts as wrong, and makes the loss NaN.
 * @throws SHAPE when weights do not fit the network; as `evaluateModel`
 */
export async function evaluateNetwork(options: NetworkToEvaluate): Promise<Evaluation> {
  const { network, weights, ...rest } = options;
  return evaluateModel({ ...rest, model: encodeModel(deploymentModel(network, weights, 'batch')) });
}

/**
 * Evaluation of any ONNX classifier: one float32 image input [batch, channels, height, width], whose first output has
 * a row of float32 logits for each image. Images are normalised as the data set says. The last batch is filled up
 * with zeros where the model's batch is fixed.
 *
 * An image of whose logits one is NaN or +∞ counts as wrong, and makes the loss NaN.
 * @throws MODEL_LOAD when ONNX Runtime refuses the model; USAGE when it does not give a float32 logit for each class;
 *   MODEL_INPUT when it does not take the images; what the signal was aborted with
 */
export async function evaluateModel(options: ModelToEvaluate): Promise<Evaluation> {
  const { split, dataset, threads, signal, onBatch } = options;
  const session = await createSession(options.model, { threads });
  const [inputName, outputName] = [session.inputNames[0]!, session.outputNames[0]!];
  const classes = dataset.classes.length;
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  const right = new Uint8Array(split.count);
  let lossSum = 0;
  let seen = 0;
  try {
    const fixed = options.batch ?? fixedBatch(session);
    const batchSize = fixed ?? Math.max(1, Math.min(BATCH, split.count));
    for (const batch of createBatcher(split, dataset, { batchSize }).epoch(0)) {
      signal?.throwIfAborted();
      const rows = fixed ?? batch.count;
      const shape = [rows, dataset.channels, dataset.height, dataset.width];
      const data = batch.images.subarray(
        0,
        shape.reduce((a, b) => a * b, 1),
      );
      const outputs = await session.run({ [inputName]: { dtype: 'float32', shape, data } });
      const logits = logitsOf(outputs[outputName]!, rows, classes);
      for (let i = 0; i < batch.count; i++) {
        const row = logits.subarray(i * classes, (i + 1) * classes);
        const label = split.labels[seen + i]!;
        const { best, logSumExp } = summarise(row);
        lossSum += logSumExp - row[label]!;
        // Logits that are not numbers decide for nothing: no class may profit by being the first.
        const predicted = Number.isNaN(logSumExp) ? (label + 1) % classes : best;
        confusion[label]![predicted]! += 1;
        right[seen + i] = predicted === label ? 1 : 0;
      }
      seen += batch.count;
      onBatch?.();
    }
  } finally {
    await session.release();
  }
  return { accuracy: accuracy(confusion), loss: lossSum / Math.max(1, seen), confusion, right };
}

/** @throws USAGE when the output is not a float32 row of a number for each class */
function logitsOf({ dtype, shape, data }: Tensor, rows: number, classes: number): Float32Array {
  if (dtype === 'float32' && data.length === rows * classes) return data as Float32Array;
  return fail('USAGE', {
    what: `The model gives ${dtype} [${shape.join(', ')}] for ${rows} images of ${classes} classes`,
    hint: `Give a classifier whose first output is float32 [${rows}, ${classes}], and data of the same classes.`,
  });
}

function summarise(row: Float32Array): { readonly best: number; readonly logSumExp: number } {
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i]! > row[best]!) best = i;
  let sum = 0;
  for (const value of row) sum += Math.exp(value - row[best]!);
  return { best, logSumExp: row[best]! + Math.log(sum) };
}
