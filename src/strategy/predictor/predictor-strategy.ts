/** Sequential model-based search (Hutter et al. 2011): a predictor learns from the trials and names the next. */

import type { Random } from '../../random.ts';
import { randomSearch } from '../random.ts';
import type { Observation, Proposal, Strategy, SuggestRequest } from '../strategy.ts';
import type { Acquisition } from './acquisition.ts';
import type { Prediction } from './forest.ts';
import { frontGain, scoreToValue } from './front-gain.ts';
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
  const predictions = Array.from({ length: objectives }, (_, objective): Learnt => {
    const values = valuesOf(learnt, objective);
    const scores = normalScores(values);
    const stream = random.split('objective', objective);
    return { values, scores, ...options.predictor(pool.features, known, scores, pool.open, stream) };
  });
  const normal = random.split('acquisition');
  const worth =
    objectives === 1 ? improvement(predictions[0]!, options.acquisition, normal) : gain(predictions, normal);
  return { genome: pool.genome(pool.open[argmax(pool.open.length, worth)]!) };
}

/** An objective's known values, their normal scores, and the prediction of scores for the open rows. */
interface Learnt extends Prediction {
  readonly values: readonly number[];
  readonly scores: readonly number[];
}

/** Infeasible trials count as the worst: the predictor learns where the bounds lie. */
function valuesOf(learnt: readonly Observation[], objective: number): number[] {
  const worst = learnt.reduce((low, o) => Math.min(low, o.values![objective]!), Number.POSITIVE_INFINITY);
  return learnt.map((o) => (o.feasible ? o.values![objective]! : worst));
}

function improvement(
  { scores, mean, deviation }: Learnt,
  acquisition: Acquisition,
  normal: Random,
): (i: number) => number {
  const best = Math.max(...scores);
  return (i) => acquisition(mean[i]!, deviation[i]!, best, () => normal.normal());
}

/** Draws from the prediction that the expected gain is averaged over, the same for all candidates. */
const DRAWS = 8;

function gain(predictions: readonly Learnt[], normal: Random): (i: number) => number {
  const toValue = predictions.map(({ scores, values }) => scoreToValue(scores, values));
  const gainOf = frontGain(
    predictions[0]!.scores.map((_, at) => predictions.map(({ scores }, k) => toValue[k]!(scores[at]!))),
  );
  const draws = Array.from({ length: DRAWS / 2 }, () => predictions.map(() => normal.normal()));
  // In pairs of opposite signs, so that their mean is the prediction's.
  const both = [...draws, ...draws.map((draw) => draw.map((z) => -z))];
  return (i) => {
    let sum = 0;
    for (const draw of both) {
      const vector = predictions.map(({ mean, deviation }, k) =>
        toValue[k]!(mean[i]! + deviation[i]! * draw[k]!),
      );
      const added = gainOf(vector);
      // What lies below the front is worth next to nothing, but its order decides where nothing lies above.
      sum += added >= 0 ? added : 1e-6 * added;
    }
    return sum;
  };
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
