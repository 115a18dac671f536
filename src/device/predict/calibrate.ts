/** Times random networks of some spaces and fits the predictor to them. */
import { fail } from '../../errors.ts';
import { createRandom } from '../../random.ts';
import { fitLatency, type LatencyModel } from './fit.ts';
import { type RoundsOptions, timeInRounds } from './time-in-rounds.ts';

export interface CalibrateOptions extends Omit<RoundsOptions, 'random' | 'networks'> {
  /** Most networks; 1,000 by default. The fit takes some seconds after `seconds` are over. */
  readonly networks?: number;
  readonly seed: string | number;
  /** Share of networks whose latency lies in the interval; 0.9 by default. */
  readonly confidence?: number;
}

/** Fewer networks leave no interval. */
const FEWEST = 40;
const NETWORKS = 1000;

/** @throws USAGE when the time is too short for a fit; what the signal was aborted with */
export async function calibrateLatency(
  options: CalibrateOptions,
): Promise<LatencyModel & { readonly networks: number }> {
  const { networks = NETWORKS, seed, confidence = 0.9 } = options;
  const random = createRandom(seed).split('latency calibration');
  const samples = await timeInRounds({ ...options, networks, random });
  if (samples.length < FEWEST)
    fail('USAGE', {
      what: `only ${samples.length} networks were timed, which is too few to fit a predictor (${FEWEST})`,
      hint: 'Give more --time.',
    });
  return {
    ...fitLatency(random.split('order').shuffle(samples), confidence),
    networks: samples.length,
  };
}
