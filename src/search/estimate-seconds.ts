/** About how long a search takes that has no time limit: for `--dry-run`. */
import type { ImageDataset } from '../data/dataset.ts';
import { meanCostShare } from '../estimation/fidelity.ts';
import { trainingOverhead } from '../estimation/training-speed.ts';
import { estimateTrainingSeconds } from '../estimation/training-time.ts';
import { networkCost } from '../network/cost.ts';
import type { SearchSpace } from '../space/space.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import { openStudy } from '../study/study.ts';
import { constraintsOf } from './constraints.ts';
import { imageCounts } from './final-job.ts';
import { findStrategy } from './find-strategy.ts';
import { foreseenOf } from './foreseen.ts';
import { frontSize } from './front.ts';
import { int8OfTrial, int8Work } from './int8-time.ts';
import type { SearchOptions } from './options.ts';
import type { SearchPlan } from './plan.ts';

export interface SecondsRequest {
  readonly options: SearchOptions;
  readonly plan: SearchPlan;
  readonly space: SearchSpace;
  readonly dataset: Pick<
    ImageDataset,
    'channels' | 'height' | 'width' | 'classes' | 'train' | 'val' | 'test'
  >;
  /** Multiply-accumulates and overhead a second in training, one thread (estimation/training-speed.ts). */
  readonly speed: number;
  /** Cores of the machine: more workers take turns. */
  readonly usableCores: number;
}

/** Networks whose training is estimated; a trial is taken to be their mean. */
const SAMPLED = 24;
/** Start of a trial, its latency, its validation's first run. */
const SECONDS_BESIDE_TRAINING = 2;
/** Test, export, report. */
const CLOSING_SECONDS = 5;
/** Any network would do: cost times speed is what counts. */
const RECORDED_MACS = 1e7;

/**
 * Seconds of all trials and of the final training, as random networks within the bounds would take. Strategies turn to
 * larger networks or smaller ones as it goes: it may well be twice as long or half.
 * @throws INFEASIBLE when no network of the space meets the bounds
 */
export async function estimateSeconds(request: SecondsRequest): Promise<number> {
  const { options, plan, dataset, speed } = request;
  const networks = await someNetworks(request);
  const levels = findStrategy(options.strategy).levels ?? 1;
  /** Of one epoch of a network on all data, at a share of the images' side. */
  const epochSeconds = (threads: number, resolution: number, share: number): number => {
    const records = [
      { macs: RECORDED_MACS, memoryBytes: 0, imagesPerSecond: speed / RECORDED_MACS, threads: 1 },
    ];
    const overhead = trainingOverhead(dataset.height * dataset.width);
    const seconds = networks.map(({ macs, memoryBytes }) =>
      estimateTrainingSeconds({
        cost: { macs: (macs + overhead) * resolution ** 2, memoryBytes },
        images: dataset.train.count * share,
        validationImages: dataset.val.count,
        threads,
        records,
      }),
    );
    return seconds.reduce((a, b) => a + b, 0) / seconds.length;
  };
  const counts = imageCounts(dataset);
  const int8 = options.int8 ? int8OfTrial(counts) : { seconds: 0, epochs: 0 };
  const ofTrial =
    plan.epochs * meanCostShare(levels) * epochSeconds(plan.threads, plan.resolution, plan.dataShare) +
    int8.epochs * epochSeconds(plan.threads, 1, 1) +
    int8.seconds +
    SECONDS_BESIDE_TRAINING;
  const finalEpochs = plan.finalEpochs ?? plan.epochs;
  const finalEpoch = epochSeconds(plan.finalThreads, 1, 1);
  const { plain, test, timing } = int8Work(counts, finalEpoch, false);
  const ofFinal = finalEpochs * finalEpoch + CLOSING_SECONDS + (options.int8 ? plain + test + timing : 0);
  const atOnce = Math.min(plan.workers, request.usableCores);
  return Math.ceil(plan.trials / atOnce) * ofTrial + frontSize(options) * ofFinal;
}

async function someNetworks({
  options,
  plan,
  space,
  dataset,
}: SecondsRequest): Promise<readonly ReturnType<typeof networkCost>[]> {
  const storage = createMemoryStorage();
  const study = await openStudy(
    {
      space,
      io: { inputShape: [dataset.channels, dataset.height, dataset.width], outputs: dataset.classes.length },
      strategy: findStrategy('random'),
      objectives: options.objectives,
      constraints: constraintsOf(options, plan),
      foreseen: await foreseenOf(options),
      seed: options.seed,
      parallelism: SAMPLED,
    },
    storage,
  );
  try {
    const costs: ReturnType<typeof networkCost>[] = [];
    while (costs.length < SAMPLED) {
      const asked = await study.ask();
      if (asked === null) break;
      costs.push(networkCost(asked.network));
    }
    return costs;
  } finally {
    await storage.close();
  }
}
