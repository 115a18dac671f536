/** Makes a calibration predict for the speed that its machine has today, as the landmarks tell it. */
import { createRandom } from '../../random.ts';
import { type LatencyCalibration, PRECISIONS, type Precision } from './calibration-file.ts';
import { adjusted, type Slowness, slownessOf } from './landmarks.ts';
import { type CandidateOptions, timeCandidates } from './time-candidates.ts';

/** A minute of 24 networks in two precisions. In less one sees a phase of seconds. */
const ROUNDS = 12;

export interface Adjusted {
  /** Those whose landmarks could be timed for the speed of today, the others as they were. */
  readonly models: LatencyCalibration['models'];
  /** Of the machine beside what its calibration says; null where too few landmarks are known again. */
  readonly slowness: Readonly<Partial<Record<Precision, Slowness | null>>>;
}

/** @throws what the signal was aborted with; what a device throws that is lost */
export async function adjustCalibration(
  { models }: Pick<LatencyCalibration, 'models'>,
  options: Omit<CandidateOptions, 'networks' | 'random' | 'rounds'>,
): Promise<Adjusted> {
  const timed = await timeCandidates(models, {
    ...options,
    ...{ networks: 0, rounds: ROUNDS, random: createRandom('latency adjustment') },
  });
  const found = PRECISIONS.flatMap((precision) => {
    const model = models[precision];
    return model
      ? [{ precision, model, slowness: slownessOf(model, timed[precision]?.landmarks ?? []) }]
      : [];
  });
  return {
    models: Object.fromEntries(
      found.map(({ precision, model, slowness }) => [
        precision,
        slowness === null ? model : adjusted(model, slowness),
      ]),
    ),
    slowness: Object.fromEntries(found.map(({ precision, slowness }) => [precision, slowness])),
  };
}
