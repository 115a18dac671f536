/** Times random networks of some spaces and fits the predictor to them. */
import { type EspalierError, fail } from '../../errors.ts';
import { fitCoefficients } from './coefficients.ts';
import { driftOf } from './drift.ts';
import { fitLatency, type LatencyModel } from './fit.ts';
import { freeKinds } from './free-kinds.ts';
import { calibrationStream, type Landmark, landmarksOf } from './landmarks.ts';
import { drawModel, type RandomModels } from './random-models.ts';
import { type RoundsOptions, timeInRounds } from './time-in-rounds.ts';

export interface CalibrateOptions extends Omit<RoundsOptions, 'draw' | 'random' | 'networks' | 'rounds'> {
  readonly models: RandomModels;
  /** Most networks; 1,000 by default. The fit takes some seconds after `seconds` are over. */
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
  /** Operators that cost nothing behind what they follow: the runtime fuses them. */
  readonly free: readonly string[];
  readonly seed: string | number;
  /** Of the networks that it was fitted to, for {@link slownessOf}. */
  readonly landmarks: readonly Landmark[];
}

interface Calibrated {
  readonly model: CalibratedModel;
  /** What a device that was lost on the way had thrown: the model knows what was timed until then. Null when all went well. */
  readonly lost: EspalierError | null;
}

/**
 * @throws USAGE when the time is too short for a fit; what a device throws that is lost before there is enough for one; the
 *   runtime's refusal when it takes no network at all; what the signal was aborted with
 */
export async function calibrateLatency(options: CalibrateOptions): Promise<Calibrated> {
  const { models, networks = NETWORKS, seed, confidence = 0.9 } = options;
  const random = calibrationStream(seed);
  const { samples, refused, lost } = await timeInRounds({
    ...options,
    ...{ networks, rounds: ROUNDS, fewest: FEWEST, random },
    draw: (index) => drawModel(models, index, random.split(index)),
  });
  if (samples.length < FEWEST)
    fail('USAGE', {
      what: `only ${samples.length} networks were timed, which is too few to fit a predictor (${FEWEST})`,
      hint:
        refused.networks > samples.length
          ? `The runtime refused ${refused.networks} networks, the first because: ${refused.reason}. Give another --space.`
          : `Give more --time: ${((MARGIN * FEWEST) / Math.max(1, samples.length)).toFixed(1)} times as much would do for ${FEWEST} networks; a good predictor takes nine minutes.`,
    });
  const drift = driftOf(samples.map(({ rounds }) => rounds.map(({ lowerQuartileMs }) => lowerQuartileMs)));
  const model = fitLatency(random.split('order').shuffle(samples), confidence, drift);
  return {
    model: {
      ...model,
      networks: samples.length,
      refused: refused.networks,
      free: freeKinds(fitCoefficients(samples), samples),
      seed,
      landmarks: landmarksOf(model, samples),
    },
    lost,
  };
}
