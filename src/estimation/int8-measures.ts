/** What becomes of a candidate in 8 bits: its latency before it is trained, its accuracy afterwards. */
import type { ImageDataset } from '../data/dataset.ts';
import { deploymentModel } from '../network/deploy.ts';
import { initialWeights } from '../network/initialise.ts';
import type { Network } from '../network/network.ts';
import { encodeModel } from '../onnx/encode.ts';
import type { Tensor } from '../onnx/model.ts';
import { calibrationBatches } from '../quantisation/calibration/batches.ts';
import { PLAIN, quantise } from '../quantisation/quantise.ts';
import type { Random } from '../random.ts';
import { evaluateModel } from '../train/evaluate.ts';

/** Training images that the ranges of activations are taken from. */
const CALIBRATION_IMAGES = 256;
const CALIBRATION_BATCH = 32;
/** What is exported is quantised with more care (quantise.ts); candidates are compared by what all of them have. */
const QUICK = { method: 'mse', rounding: 'nearest' } as const;

/**
 * The quantised graph of an untrained network for one image: its ranges come from noise, but it takes as long as the
 * trained one. @throws NOT_QUANTISABLE
 */
export async function untrainedInt8Model(
  network: Network,
  inputs: Readonly<Record<string, Tensor>>,
  random: Random,
): Promise<Uint8Array> {
  const model = deploymentModel(network, initialWeights(network, random), 1);
  const { model: quantised } = await quantise(model, [inputs], PLAIN);
  return encodeModel(quantised);
}

/** Share of right answers of the quantised network on the validation split, 0..1. @throws NOT_QUANTISABLE, CALIBRATION */
export async function int8ValAccuracy(request: {
  readonly network: Network;
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly dataset: ImageDataset;
  readonly threads: number;
  readonly random: Random;
}): Promise<number> {
  const { network, weights, dataset, threads, random } = request;
  const model = deploymentModel(network, weights, 'batch');
  const batches = calibrationBatches(dataset, {
    input: model.graph.inputs[0]!.name,
    images: CALIBRATION_IMAGES,
    batch: CALIBRATION_BATCH,
    random,
  });
  const { model: quantised } = await quantise(model, batches, { ...QUICK, threads });
  const { accuracy } = await evaluateModel({
    model: encodeModel(quantised),
    split: dataset.val,
    dataset,
    threads,
  });
  return accuracy;
}
