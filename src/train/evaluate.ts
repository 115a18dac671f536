/** Evaluation of a network with given weights on a split, in inference form. */
import { createBatcher } from '../data/batches.ts';
import type { ImageDataset, ImageSplit } from '../data/dataset.ts';
import { deploymentModel } from '../network/deploy.ts';
import type { Network } from '../network/network.ts';
import { encodeModel } from '../onnx/encode.ts';
import { createSession } from '../runtime/session.ts';
import { accuracy, type ConfusionMatrix } from '../task/classification-metrics.ts';
import type { Weights } from './plan.ts';

export interface Evaluation {
  /** 0..1 */
  readonly accuracy: number;
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  readonly confusion: ConfusionMatrix;
}

const BATCH = 250;

/**
 * @throws nothing of its own; a NaN logit counts as a wrong answer and makes the loss NaN
 */
export async function evaluateNetwork(options: {
  readonly network: Network;
  readonly weights: Weights;
  readonly split: ImageSplit;
  readonly dataset: ImageDataset;
  readonly threads: number;
}): Promise<Evaluation> {
  const { network, weights, ...rest } = options;
  return evaluateModel({ ...rest, model: encodeModel(deploymentModel(network, weights, 'batch')) });
}

/**
 * Evaluation of any ONNX classifier: one float image input [batch, channels, height, width], whose first output has a
 * row of logits for each image. The last batch is filled up with zeros where the model's batch is fixed.
 * @param options.model ONNX bytes
 * @throws MODEL_LOAD
 */
export async function evaluateModel(options: {
  readonly model: Uint8Array;
  readonly split: ImageSplit;
  readonly dataset: ImageDataset;
  readonly threads: number;
  /** Images in a run; needed where the model's batch is fixed. */
  readonly batch?: number;
}): Promise<Evaluation> {
  const { split, dataset, threads } = options;
  const session = await createSession(options.model, { threads });
  const [inputName, outputName] = [session.inputNames[0]!, session.outputNames[0]!];
  const classes = dataset.classes.length;
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  let lossSum = 0;
  let seen = 0;
  try {
    const batchSize = options.batch ?? Math.min(BATCH, split.count);
    for (const batch of createBatcher(split, dataset, { batchSize }).epoch(0)) {
      const rows = options.batch ?? batch.count;
      const shape = [rows, dataset.channels, dataset.height, dataset.width];
      const data = batch.images.subarray(
        0,
        shape.reduce((a, b) => a * b, 1),
      );
      const outputs = await session.run({ [inputName]: { dtype: 'float32', shape, data } });
      const logits = outputs[outputName]!.data as Float32Array;
      for (let i = 0; i < batch.count; i++) {
        const row = logits.subarray(i * classes, (i + 1) * classes);
        const label = split.labels[seen + i]!;
        const { best, logSumExp } = summarise(row);
        lossSum += logSumExp - row[label]!;
        confusion[label]![best]! += 1;
      }
      seen += batch.count;
    }
  } finally {
    await session.release();
  }
  return { accuracy: accuracy(confusion), loss: lossSum / Math.max(1, seen), confusion };
}

function summarise(row: Float32Array): { readonly best: number; readonly logSumExp: number } {
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i]! > row[best]!) best = i;
  let sum = 0;
  for (const value of row) sum += Math.exp(value - row[best]!);
  return { best, logSumExp: row[best]! + Math.log(sum) };
}
