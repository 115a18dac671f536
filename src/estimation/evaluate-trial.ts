/**
 * Evaluates one candidate, inside a worker: latency of the untrained graph against its bound, then training by the plan,
 * validated after every epoch. The test split is not touched here.
 */
import { type Latency, latencyBy } from '../device/measure-latency.ts';
import { peakMemoryOf } from '../device/measure-process.ts';
import { diskTroubleOf, writeWhole } from '../disk.ts';
import { EspalierError } from '../errors.ts';
import type { EvaluateTrial, JobOutcome, TrialHooks, TrialJob } from '../execution/executor.ts';
import { deploymentModel } from '../network/deploy.ts';
import { deployedCost } from '../network/deployed-cost.ts';
import { initialWeights } from '../network/initialise.ts';
import type { Network } from '../network/network.ts';
import { encodeModel } from '../onnx/encode.ts';
import type { Tensor } from '../onnx/model.ts';
import { createRandom } from '../random.ts';
import type { CurvePoint, Measures } from '../study/trial.ts';
import type { TrainingResult } from '../train/plan.ts';
import { encodeSafetensors } from '../train/safetensors.ts';
import { trainNetwork } from '../train/train.ts';
import { deviceMeasures, deviceTroubleOf } from './device-measures.ts';
import { atResolution } from './fidelity.ts';
import { int8ValAccuracy, untrainedInt8Model } from './int8-measures.ts';
import { reasonToStop } from './stopping/index.ts';

/**
 * Measures: params, macs, memoryBytes, sizeBytes; latencyMs, latencyLowMs, latencyHighMs, latencyTrusted, latencyDrift and
 * peakMemoryBytes when asked for, of other devices as latencyMs@NAME; valAccuracy, valLoss (of the last epoch), trainSeconds,
 * epochs, imagesPerSecond unless pruned before training; in 8 bits, when asked for, int8SizeBytes, int8LatencyMs and
 * int8ValAccuracy. A training that diverges is an outcome `failed` that keeps what was measured before.
 *
 * @throws what the signal was aborted with; any error that is not the candidate's fault
 */
export const evaluateTrial: EvaluateTrial = async (job, hooks) => {
  const measures: Record<string, number> = {};
  const curve: CurvePoint[] = [];
  const outcome = (state: JobOutcome['state'], reason: string | null): JobOutcome => ({
    state,
    measures,
    curve,
    reason,
  });
  try {
    const model = inferenceModel(job.network, job.seed);
    const { params, macs, memoryBytes } = deployedCost(job.network);
    Object.assign(measures, { params, macs, memoryBytes, sizeBytes: model.byteLength });

    const int8 = job.int8 ? await int8Model(job) : null;
    if (int8 !== null) measures.int8SizeBytes = int8.byteLength;
    if (overBound(job, measures) !== null) return outcome('pruned', overBound(job, measures));
    if (job.latency !== null) {
      const { maxMs } = job.latency;
      Object.assign(measures, await latencyMeasures({ float: model, int8 }, job, hooks));
      const latency = measures.int8LatencyMs ?? measures.latencyMs!;
      if (maxMs !== null && latency > maxMs)
        return outcome('pruned', `latency ${latency.toFixed(2)} ms is over the bound of ${maxMs} ms`);
    }
    if (job.peakMemory)
      measures.peakMemoryBytes = await peakMemoryOf(int8 ?? model, {
        threads: job.latency?.threads ?? 1,
        signal: hooks.signal,
      });

    if (job.devices !== undefined) {
      const { trial } = job;
      const found = await deviceMeasures({
        devices: job.devices,
        threads: job.latency?.threads ?? 1,
        float: model,
        int8,
        signal: hooks.signal,
        onTrouble: (note) => hooks.onProgress({ trial, progress: 0, note }),
      });
      Object.assign(measures, found.measures);
      if (found.error !== null) throw found.error;
      if (found.over !== null) return outcome('pruned', found.over);
    }
    if (overBound(job, measures) !== null) return outcome('pruned', overBound(job, measures));

    let stopped: string | null = null;
    const result = await train(job, hooks, curve, (points) => {
      const accuracies = points.map(({ valAccuracy }) => valAccuracy);
      stopped = job.stop === undefined ? null : reasonToStop(job.stop, accuracies, measures);
      return stopped !== null;
    });
    const last = curve.at(-1);
    if (last === undefined) return outcome('failed', 'the time was over before the first epoch ended');
    if (!Number.isFinite(last.valLoss)) return outcome('failed', `the validation loss is ${last.valLoss}`);
    Object.assign(measures, trainingMeasures(result, last));
    if (stopped !== null) return outcome('pruned', stopped);
    if (job.int8)
      measures.int8ValAccuracy = await int8ValAccuracy({
        network: job.network,
        weights: result.weights,
        dataset: await hooks.loadDataset(job.dataset),
        threads: job.threads,
        random: createRandom(job.seed).split('calibration'),
      });
    return outcome('complete', null);
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    const deviceTrouble = deviceTroubleOf(error);
    const diskTrouble = diskTroubleOf(error);
    return {
      ...outcome('failed', `${error.message}. ${error.hint}`),
      ...(deviceTrouble !== undefined && { deviceTrouble }),
      ...(diskTrouble !== undefined && { diskTrouble }),
    };
  }
};

/** The graph that will be deployed, for one image. Untrained weights take the same time as trained ones. */
function inferenceModel(network: Network, seed: string): Uint8Array {
  const weights = initialWeights(network, createRandom(seed).split('weights'));
  return encodeModel(deploymentModel(network, weights, 1));
}

/** Standard normal inputs by network input, as normalised images are; batch 1. Zeros could be faster than real data. */
function exampleInputs(network: Network): Record<string, Tensor> {
  const random = createRandom('latency');
  const tensor = (shape: readonly number[]): Tensor => ({
    dtype: 'float32',
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
  });
  return Object.fromEntries(network.inputs.map(({ id, shape }) => [id, tensor([1, ...shape])]));
}

/** A bound on size or memory that is broken, in words; null: none. */
function overBound({ bounds = [] }: TrialJob, measures: Measures): string | null {
  const over = bounds.find(({ measure, max }) => (measures[measure] ?? 0) > max);
  return over === undefined
    ? null
    : `${over.measure} = ${measures[over.measure]} is over the bound of ${over.max}`;
}

/** Of both models where there are two; the bound is then for the one in 8 bits. */
async function latencyMeasures(
  { float, int8 }: { readonly float: Uint8Array; readonly int8: Uint8Array | null },
  { network, latency }: TrialJob,
  { signal, exclusively, measureModel }: TrialHooks,
): Promise<Measures> {
  const { threads, maxMs, referenceMs } = latency!;
  const time = (model: Uint8Array, bounded: boolean): Promise<Latency> =>
    latencyBy(measureModel, model, exampleInputs(network), {
      threads,
      signal,
      ...(referenceMs !== undefined && { referenceMs }),
      ...(bounded && maxMs !== null && { maxMs }),
      // When the machine is slow or not steady, the other trials may well be why.
      within: (round, again) => exclusively(round, { alone: again }),
    });
  const ofFloat = await time(float, int8 === null);
  const ofInt8 = int8 === null ? null : await time(int8, true);
  return {
    latencyMs: ofFloat.medianMs,
    latencyLowMs: ofFloat.lowMs,
    latencyHighMs: ofFloat.highMs,
    latencyTrusted: Number(ofFloat.trusted && (ofInt8?.trusted ?? true)),
    latencyDrift: Math.max(ofFloat.drift, ofInt8?.drift ?? 0),
    ...(ofInt8 !== null && { int8LatencyMs: ofInt8.medianMs }),
  };
}

const int8Model = ({ network, seed }: TrialJob): Promise<Uint8Array> =>
  untrainedInt8Model(network, exampleInputs(network), createRandom(seed).split('weights'));

async function train(
  job: TrialJob,
  hooks: TrialHooks,
  curve: CurvePoint[],
  shouldStop: (points: readonly CurvePoint[]) => boolean,
): Promise<TrainingResult> {
  const { trial, plan, seed, threads, deadline, checkpoint, weightsFile } = job;
  const { signal, onProgress } = hooks;
  const result = await trainNetwork({
    network: atResolution(job.network, job.resolution ?? 1),
    dataset: await hooks.loadDataset(job.dataset),
    plan,
    seed,
    threads,
    openSession: hooks.openSession,
    signal,
    ...(deadline !== undefined && { deadline }),
    ...(checkpoint !== undefined && { checkpoint }),
    shouldStop,
    onStep: (progress) => onProgress({ trial, progress }),
    onEpoch: (point) => {
      curve.push(point);
      onProgress({ trial, progress: Math.min(1, point.epoch / plan.epochs), curve: point });
    },
  });
  // A resumed training starts with the points of its checkpoint.
  curve.splice(0, curve.length, ...result.curve);
  if (weightsFile !== undefined)
    await writeWhole(weightsFile, encodeSafetensors({ tensors: result.weights, metadata: {} }));
  return result;
}

function trainingMeasures({ imagesPerSecond }: TrainingResult, last: CurvePoint): Measures {
  const { valAccuracy, valLoss, seconds, epoch } = last;
  return { valAccuracy, valLoss, trainSeconds: seconds, epochs: epoch, imagesPerSecond };
}
