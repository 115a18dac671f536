/** Sequential model-based search (Hutter et al. 2011): a predictor learns from the trials and names the next. */

import { randomSearch } from '../random.ts';
import type { Proposal, Strategy, SuggestRequest } from '../strategy.ts';
import type { Acquisition } from './acquisition.ts';
import { type FrontGain, frontGain } from './front-gain.ts';
import type { Predictor } from './model.ts';
import { candidatePool, type Pool, type PoolOptions } from './pool.ts';
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
  {
    predictor,
    acquisition,
    start,
    pool: poolOptions = POOL,
  }: Omit<PredictorStrategyOptions, 'name' | 'description'>,
): Proposal | null {
  if (request.history.length + request.running.length < start) return null;
  const ranked = learnable(request);
  if (ranked.length < 2) return null;
  const pool = candidatePool(request, ranked, poolOptions);
  if (pool.open.length === 0) return null;
  const random = request.random.split('predictor');
  const learnt = ranked.map((_, i) => i).filter((i) => pool.known[i]! >= 0);
  const known = learnt.map((i) => pool.known[i]!);
  const predict = (objective: number) =>
    predictor(features(pool), known, targets(objective), pool.open, random.split('objective', objective));
  const normal = random.split('acquisition');
  let row: number;
  if (request.objectives === 1) {
    const { mean, deviation } = predict(0);
    const best = Math.max(...targets(0));
    row = argmax(pool.open.length, (i) => acquisition(mean[i]!, deviation[i]!, best, () => normal.normal()));
  } else {
    const predictions = Array.from({ length: request.objectives }, (_, objective) => predict(objective));
    const scores = predictions.map((_, objective) => targets(objective));
    const feasible = learnt.flatMap((i, place) => (ranked[i]!.feasible ? [place] : []));
    const gain: FrontGain = frontGain(
      (feasible.length > 0 ? feasible : learnt.map((_, place) => place)).map((place) =>
        scores.map((column) => column[place]!),
      ),
    );
    row = argmax(pool.open.length, (i) =>
      gain(predictions.map(({ mean, deviation }) => mean[i]! + deviation[i]! * normal.normal())),
    );
  }
  return { genome: pool.genome(pool.open[row]!) };

  /** Infeasible trials count as the worst: the predictor learns where the bounds lie. */
  function targets(objective: number): number[] {
    const worst = Math.min(...learnt.map((i) => ranked[i]!.values![objective]!));
    return normalScores(learnt.map((i) => (ranked[i]!.feasible ? ranked[i]!.values![objective]! : worst)));
  }
}

const features = (pool: Pool) => pool.features;

function argmax(count: number, score: (i: number) => number): number {
  let best = 0;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const value = score(i);
    if (value > bestScore) [best, bestScore] = [i, value];
  }
  return best;
}
