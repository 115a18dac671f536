/** Sequential model-based search (Hutter et al. 2011): a predictor learns from the trials and names the next. */

import { randomSearch } from '../random.ts';
import type { Observation, Proposal, Strategy, SuggestRequest } from '../strategy.ts';
import type { Acquisition } from './acquisition.ts';
import type { Prediction } from './forest.ts';
import { frontGain } from './front-gain.ts';
import type { Predictor } from './model.ts';
import { candidatePool, type PoolOptions } from './pool.ts';
import { learnable, normalScores } from './targets.ts';

export interface PredictorStrategyOptions {
  readonly name: string;
  readonly description: string;
  readonly predictor: Predictor;
  readonly acquisition: Acquisition;
  /** Random trials before the first prediction. */
  readonly start: number;
  readonly pool?: PoolOptions;
}

const POOL: PoolOptions = { size: 100, randomShare: 0.2, parents: 10 };

export const predictorStrategy = (options: PredictorStrategyOptions): Strategy => ({
  name: options.name,
  description: options.description,
  suggest: (request) => proposeBy(request, options) ?? randomSearch.suggest(request),
});

/** Null when there is too little to learn from, or nothing to choose. */
export function proposeBy(
  request: SuggestRequest,
  options: Omit<PredictorStrategyOptions, 'name' | 'description'>,
): Proposal | null {
  const { history, running, objectives } = request;
  if (history.length + running.length < options.start) return null;
  const ranked = learnable(request);
  if (ranked.length < 2) return null;
  const pool = candidatePool(request, ranked, options.pool ?? POOL);
  if (pool.open.length === 0) return null;
  // Trials outside of a listed space (other bounds, an earlier study) cannot be looked up.
  const learnt = ranked.filter((_, i) => pool.known[i]! >= 0);
  if (learnt.length < 2) return null;
  const known = pool.known.filter((row) => row >= 0);
  const random = request.random.split('predictor');
  const worth =
    objectives === 1
      ? improvement(options.acquisition, normalScores(valuesOf(learnt, 0)))
      : gain(Array.from({ length: objectives }, (_, k) => clipped(valuesOf(learnt, k))));
  return { genome: pool.genome(pool.open[argmax(pool.open.length, worth)]!) };

  function predict(targets: readonly number[], objective: number): Prediction {
    const stream = random.split('objective', objective);
    return options.predictor(pool!.features, known, targets, pool!.open, stream);
  }

  function improvement(acquisition: Acquisition, targets: readonly number[]): (i: number) => number {
    const { mean, deviation } = predict(targets, 0);
    const best = Math.max(...targets);
    const normal = random.split('acquisition');
    return (i) => acquisition(mean[i]!, deviation[i]!, best, () => normal.normal());
  }

  /** The hypervolume that a candidate is expected to add, averaged over draws from the predictions. */
  function gain(targets: readonly (readonly number[])[]): (i: number) => number {
    const predictions = targets.map(predict);
    const gainOf = frontGain(targets[0]!.map((_, at) => targets.map((column) => column[at]!)));
    const normal = random.split('acquisition');
    const half = Array.from({ length: DRAWS / 2 }, () => targets.map(() => normal.normal()));
    // In pairs of opposite signs, so that their mean is the prediction's.
    const draws = [...half, ...half.map((draw) => draw.map((z) => -z))];
    return (i) => {
      let sum = 0;
      for (const draw of draws) {
        const added = gainOf(
          predictions.map(({ mean, deviation }, k) => mean[i]! + deviation[i]! * draw[k]!),
        );
        // What lies below the front is worth next to nothing, but its order decides where nothing lies above.
        sum += added >= 0 ? added : 1e-6 * added;
      }
      return sum;
    };
  }
}

/** Draws from the prediction that the expected gain is averaged over, the same for all candidates. */
const DRAWS = 8;
/** Share of the lowest values that count as one: how bad failures are is not worth learning. */
const CLIPPED_SHARE = 0.1;

/** Values scaled to deviation 1 about their mean, after the lowest were raised to one level. */
function clipped(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const least = sorted[Math.floor(CLIPPED_SHARE * (sorted.length - 1))]!;
  const raised = values.map((value) => Math.max(value, least));
  const mean = raised.reduce((sum, value) => sum + value, 0) / raised.length;
  const deviation =
    Math.sqrt(raised.reduce((sum, value) => sum + (value - mean) ** 2, 0) / raised.length) || 1;
  return raised.map((value) => (value - mean) / deviation);
}

/** Infeasible trials count as the worst: the predictor learns where the bounds lie. */
function valuesOf(learnt: readonly Observation[], objective: number): number[] {
  const worst = learnt.reduce((low, o) => Math.min(low, o.values![objective]!), Number.POSITIVE_INFINITY);
  return learnt.map((o) => (o.feasible ? o.values![objective]! : worst));
}

function argmax(count: number, score: (i: number) => number): number {
  let best = 0;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const value = score(i);
    if (value > bestScore) [best, bestScore] = [i, value];
  }
  return best;
}
