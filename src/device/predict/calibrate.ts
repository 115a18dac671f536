/** Times random networks of some spaces until the time is over, and fits the predictor to them. */
import { fail } from '../../errors.ts';
import { deploymentModel } from '../../network/deploy.ts';
import { initialWeights } from '../../network/initialise.ts';
import type { Network, NetworkIO } from '../../network/network.ts';
import { encodeModel } from '../../onnx/encode.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import { createRandom, type Random } from '../../random.ts';
import { sampleNetwork } from '../../space/sample-network.ts';
import type { SearchSpace } from '../../space/space.ts';
import { exampleFeeds } from '../example-feeds.ts';
import { measureLatency } from '../measure-latency.ts';
import { fitLatency, type LatencyModel, type Sample, workOf } from './fit.ts';
import { kernelsOf } from './kernels.ts';

/** A network as it is timed: in float, or quantised. */
export type Prepare = (model: OnnxModel) => OnnxModel | Promise<OnnxModel>;

export interface CalibrateOptions {
  readonly spaces: readonly SearchSpace[];
  readonly io: NetworkIO;
  readonly threads: number;
  readonly seconds: number;
  /** Ends earlier at so many networks. */
  readonly networks?: number;
  readonly seed: string | number;
  /** Share of networks whose latency lies in the interval; 0.9 by default. */
  readonly confidence?: number;
  readonly prepare?: Prepare;
  readonly signal?: AbortSignal;
  readonly onSample?: (count: number, secondsLeft: number) => void;
}

/** Fewer networks leave no interval. */
const FEWEST = 40;
/** Timed for so long each: many networks say more than few exact ones. */
const SECONDS_EACH = 0.25;

/** One random network of the spaces, turn by turn, with weights, ready to be run. */
export async function drawModel(
  { spaces, io, prepare = (model) => model }: Pick<CalibrateOptions, 'spaces' | 'io' | 'prepare'>,
  index: number,
  random: Random,
): Promise<OnnxModel> {
  const { network } = sampleNetwork(spaces[index % spaces.length]!, random, io);
  return prepare(untrainedModel(network, random));
}

const untrainedModel = (network: Network, random: Random): OnnxModel =>
  deploymentModel(network, initialWeights(network, random), 1);

/** The median latency of a model, milliseconds. */
export async function timeModel(
  model: OnnxModel,
  { threads, signal }: Pick<CalibrateOptions, 'threads' | 'signal'>,
  maxSeconds = SECONDS_EACH,
): Promise<number> {
  const inputs = model.graph.inputs.map(({ name, dtype, shape }) => ({ name, type: dtype, shape }));
  const { feeds } = exampleFeeds(inputs);
  const { medianMs } = await measureLatency(encodeModel(model), feeds, {
    threads,
    maxSeconds,
    ...(signal && { signal }),
  });
  return medianMs;
}

/** @throws USAGE when the time is too short for a fit; what the signal was aborted with */
export async function calibrateLatency(
  options: CalibrateOptions,
): Promise<{ readonly model: LatencyModel; readonly networks: number }> {
  const { seconds, networks = Number.POSITIVE_INFINITY, seed, confidence = 0.9, signal, onSample } = options;
  const random = createRandom(seed).split('latency calibration');
  const samples: Sample[] = [];
  const began = performance.now();
  const left = (): number => seconds - (performance.now() - began) / 1000;
  while (left() > 0 && samples.length < networks) {
    signal?.throwIfAborted();
    const model = await drawModel(options, samples.length, random.split(samples.length));
    samples.push({ work: workOf(kernelsOf(model)), ms: await timeModel(model, options) });
    onSample?.(samples.length, Math.max(0, left()));
  }
  if (samples.length < FEWEST)
    fail('USAGE', {
      what: `only ${samples.length} networks were timed, which is too few to fit a predictor (${FEWEST})`,
      hint: 'Give more --time.',
    });
  const order = random.split('order').shuffle(samples);
  return { model: fitLatency(order, confidence), networks: samples.length };
}
