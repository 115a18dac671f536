/** How well the models of the predictor strategies rank architectures that they have not seen. */
import { setImmediate } from 'node:timers/promises';
import { createRandom } from '../random.ts';
import { inSlices } from '../strategy/in-slices.ts';
import { listing, listingSteps, rowIn } from '../strategy/predictor/listed-features.ts';
import { ensembleModel, forestModel, type Model, processModel } from '../strategy/predictor/model.ts';
import { rankCorrelation } from '../strategy/predictor/rank-correlation.ts';
import { normalScores } from '../strategy/predictor/targets.ts';
import type { Problem } from './problem.ts';

export interface PredictorResult {
  readonly model: string;
  /** Architectures, drawn at random, whose signal the model was told. */
  readonly trained: number;
  readonly seeds: number;
  /** Spearman's rank correlation with the signal of all other architectures: mean over the seeds, and the sample's deviation. */
  readonly spearman: number;
  readonly sd: number;
}

const MODELS: Readonly<Record<string, Model>> = {
  both: ensembleModel,
  process: processModel,
  forest: forestModel,
};

/** With the problem's proxies as features, where it has some. */
export async function predictorQuality(
  problem: Problem,
  counts: readonly number[],
  seeds: number,
  signal: AbortSignal,
  onPreparing?: (share: number) => void,
): Promise<PredictorResult[]> {
  const { space, genomes, proxies, inspect } = problem;
  const accuracy = problem.values.at(-1)![0]!;
  await inSlices(listingSteps({ space, inspect }, genomes), signal, onPreparing);
  const list = listing({ space, inspect, proxies }, genomes);
  const rowOf = genomes.map((genome) => rowIn(list, { space, inspect }, genome)!);
  const found = new Map<string, number[]>();
  for (let seed = 0; seed < seeds; seed++) {
    const random = createRandom(`predictor ${seed}`);
    const order = random.shuffle([...genomes.keys()]);
    for (const trained of counts.filter((count) => count < genomes.length)) {
      // Lets Ctrl-C in.
      await setImmediate();
      signal.throwIfAborted();
      const [seen, unseen] = [order.slice(0, trained), order.slice(trained)];
      const lesson = {
        features: list.matrix,
        known: seen.map((i) => rowOf[i]!),
        targets: normalScores(seen.map((i) => accuracy[i]!)),
      };
      const asked = Int32Array.from(unseen, (i) => rowOf[i]!);
      const truth = unseen.map((i) => accuracy[i]!);
      for (const [name, model] of Object.entries(MODELS)) {
        const { mean } = model(lesson, random.split(name, trained)).refine(asked);
        const key = JSON.stringify([name, trained]);
        found.set(key, [...(found.get(key) ?? []), rankCorrelation(mean, truth)]);
      }
    }
  }
  return [...found].map(([key, values]) => {
    const [model, trained] = JSON.parse(key) as [string, number];
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const sd = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0;
    return { model, trained, seeds, spearman: mean, sd };
  });
}
