/** Times random networks of some spaces and fits the predictor to them. */
import { type EspalierError, fail } from '../../errors.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import { driftOf } from './drift.ts';
import { fitLatency, type LatencyModel } from './fit.ts';
import { fusedKinds } from './fusion.ts';
import { calibrationStream, type Landmark, landmarksOf } from './landmarks.ts';
import { drawModel, type RandomModels } from './random-models.ts';
import {
  type RefusedNetwork,
  type RoundsOptions,
  type TimedNetwork,
  timeInRounds,
} from './time-in-rounds.ts';

export interface CalibrateOptions extends Omit<RoundsOptions, 'draw' | 'random' | 'networks' | 'rounds'> {
  /**
   * A predictor for each way of deploying networks, in float or in 8 bits. They are timed turn by turn, so that all of them meet
   * the same phases of the machine.
   */
  readonly ways: readonly RandomModels[];
  /** Most networks of each; 1,000 by default. The fits take some seconds each after `seconds` are over. */
  readonly networks?: number;
  readonly seed: string | number;
  /** Share of networks whose latency lies in the interval; 0.9 by default. */
  readonly confidence?: number;
}

/** Fewer networks leave no interval. */
const FEWEST = 40;
const NETWORKS = 1000;
/** Time is better spent on more networks than on more visits to each: their noise goes into the same coefficients. */
const ROUNDS = 5;
/** Of the time that is advised: machines are not always as fast. */
const MARGIN = 1.3;

export interface CalibratedModel extends LatencyModel {
  /** How many it was fitted to. */
  readonly networks: number;
  /** How many the runtime did not take. */
  readonly refused: number;
  /** Activations that cost nothing behind what they follow (`Relu after Conv`): the runtime fuses them. */
  readonly free: readonly string[];
  readonly seed: string | number;
  /** Of the networks that it was fitted to, for {@link slownessOf}. */
  readonly landmarks: readonly Landmark[];
}

interface Calibrated {
  /** In the order of the ways. */
  readonly models: readonly CalibratedModel[];
  /** What a device that was lost on the way had thrown: the models know what was timed until then. Null when all went well. */
  readonly lost: EspalierError | null;
}

/**
 * @throws USAGE when the time is too short for a fit; what a device throws that is lost before there is enough for one; the
 *   runtime's refusal when it takes no network at all; what the signal was aborted with
 */
export async function calibrateLatency(options: CalibrateOptions): Promise<Calibrated> {
  const { ways, networks = NETWORKS, seed, confidence = 0.9 } = options;
  const random = calibrationStream(seed);
  const timed = await timeInRounds({
    ...options,
    ...{ networks: ways.length * networks, rounds: ROUNDS, fewest: ways.length * FEWEST, random },
    draw: (turn) => {
      const index = Math.floor(turn / ways.length);
      return drawModel(ways[turn % ways.length]!, index, random.split(index));
    },
  });
  const models: CalibratedModel[] = [];
  for (const [turn, way] of ways.entries()) {
    const own = <One extends { readonly index: number }>(all: readonly One[]): One[] =>
      all
        .filter(({ index }) => index % ways.length === turn)
        .map((one) => ({ ...one, index: Math.floor(one.index / ways.length) }));
    const samples = own(timed.samples);
    if (samples.length < FEWEST && timed.lost !== null) throw timed.lost;
    const model = fitted(samples, own(timed.refused), seed, confidence);
    const draw = (index: number): Promise<OnnxModel> => drawModel(way, index, random.split(index));
    const free =
      timed.lost === null
        ? await fusedKinds(model.coefficients, samples, { ...options, draw, random: random.split('fusion') })
        : [];
    models.push({ ...model, free });
  }
  return { models, lost: timed.lost };
}

function fitted(
  samples: readonly TimedNetwork[],
  refused: readonly RefusedNetwork[],
  seed: string | number,
  confidence: number,
): Omit<CalibratedModel, 'free'> {
  if (samples.length < FEWEST)
    fail('USAGE', {
      what: `only ${samples.length} networks were timed, which is too few to fit a predictor (${FEWEST})`,
      hint:
        refused.length > samples.length
          ? `The runtime refused ${refused.length} networks, the first because: ${refused[0]!.reason}. Give another --space.`
          : `Give more --time: ${((MARGIN * FEWEST) / Math.max(1, samples.length)).toFixed(1)} times as much would do for ${FEWEST} networks; a good predictor takes nine minutes.`,
    });
  const drift = driftOf(samples.map(({ rounds }) => rounds.map(({ lowerQuartileMs }) => lowerQuartileMs)));
  const model = fitLatency(calibrationStream(seed).split('order').shuffle(samples), confidence, drift);
  return {
    ...model,
    networks: samples.length,
    refused: refused.length,
    seed,
    landmarks: landmarksOf(model, samples),
  };
}
