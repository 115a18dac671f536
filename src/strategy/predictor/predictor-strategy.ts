/** Sequential model-based search (Hutter et al. 2011): a model learns from the trials and names the next. */
import type { Random } from '../../random.ts';
import type { Genome } from '../../space/genome.ts';
import { randomSearch } from '../random.ts';
import type { Proposal, Strategy, SuggestRequest } from '../strategy.ts';
import type { Acquisition } from './acquisition.ts';
import { constrained, type Feasibility, feasibility, prunedByBounds } from './feasibility.ts';
import type { Prediction } from './forest.ts';
import { frontGain } from './front-gain.ts';
import { largest } from './largest.ts';
import { comparableTrials, learntTrials, rankedTrials } from './learnt-set.ts';
import { listingSteps } from './listed-features.ts';
import { lastMilestone } from './milestones.ts';
import type { Lesson, Model, ModelSettings, Surrogate } from './model.ts';
import { candidatePool, type Pool, type PoolOptions } from './pool.ts';
import { targetsOf } from './targets.ts';

export interface ModelSearch {
  readonly model: Model;
  readonly acquisition: Acquisition;
  /** Random trials before the first prediction. */
  readonly start: number;
  /** True when the model's settings are those of the last milestone; else it has none, or chooses them itself. */
  readonly settled: boolean;
  /** Only the first of several objectives counts, as if it were the only one. */
  readonly firstOnly?: boolean;
  readonly pool?: PoolOptions;
}

export interface PredictorStrategyOptions extends ModelSearch {
  readonly name: string;
  readonly description: string;
}

const POOL: PoolOptions = { size: 100, made: 600, randomShare: 0.2, parents: 20 };
/** Rows that are looked at twice. */
const SHORTLIST = 1_000;

export const predictorStrategy = (options: PredictorStrategyOptions): Strategy => ({
  name: options.name,
  description: options.description,
  suggest: (request) => proposeBy(request, options) ?? randomSearch.suggest(request),
  prepare(request) {
    const all = isTooEarly(request, options) ? null : request.listed();
    return all === null ? [] : listingSteps(request, all);
  },
});

/** While there are too few trials for a first prediction. */
const isTooEarly = ({ history, running }: SuggestRequest, { start }: ModelSearch): boolean =>
  history.length + running.length < start;

/** Null when there is too little to learn from, or nothing to choose. */
export function proposeBy(request: SuggestRequest, search: ModelSearch): Proposal | null {
  const { history, running } = request;
  if (isTooEarly(request, search)) return null;
  const learnt = learntTrials(comparableTrials(history));
  const pruned = prunedByBounds(request);
  if (learnt.length + pruned.length < 2) return null;
  const pool = candidatePool(request, [...rankedTrials(learnt), ...pruned], search.pool ?? POOL);
  if (pool.rows.length === 0) return null;
  const random = request.random.split('predictor');
  const feasible = feasibility([...learnt, ...pruned], pool, random);
  const inside = learnt.filter(({ genome }) => pool.rowOf(genome) !== undefined);
  const targets = inside.length < 2 ? [] : targetsOf(inside);
  // Where all are equal there is nothing to learn but the bounds, and no candidate is better than another.
  if (targets.every((column) => column.every((value) => value === column[0])))
    return feasible === null ? null : mostFeasible(pool, feasible, random);
  const settings = search.settled ? (lastMilestone(request)?.settings ?? null) : null;
  const lesson = {
    features: pool.features,
    known: inside.map(({ genome }) => pool.rowOf(genome)!),
    awaited: running.map(({ genome }) => pool.rowOf(genome)).filter((row) => row !== undefined),
  };
  const fits = targets.map((column, k) =>
    withBelievers(search.model, lesson, column, settings?.[k], random.split('objective', k)),
  );
  const genome =
    targets.length === 1 || search.firstOnly === true
      ? byAcquisition(pool, fits[0]!, lesson.known, search.acquisition, feasible, random)
      : byGain(pool, fits, targets, feasible, random);
  return genome === null ? null : { genome };
}

function mostFeasible(pool: Pool, feasible: Feasibility, random: Random): Proposal | null {
  const probability = feasible(pool.rows);
  const genome = firstOf(pool, pool.rows, probability, probability, random);
  return genome === null ? null : { genome };
}

/**
 * A model that also knows the running trials, as if each had come out as predicted (Ginsbourger et al. 2010, the kriging
 * believer): parallel trials are not all alike.
 */
function withBelievers(
  model: Model,
  { features, known, awaited }: Known,
  targets: readonly number[],
  settings: ModelSettings | undefined,
  random: Random,
): Surrogate {
  const lesson: Lesson = { features, known, targets, ...(settings === undefined ? {} : { settings }) };
  const fit = model(lesson, random);
  if (awaited.length === 0) return fit;
  const { mean } = fit.refine(Int32Array.from(awaited));
  return model({ ...lesson, known: [...known, ...awaited], targets: [...targets, ...mean] }, random);
}

interface Known extends Pick<Lesson, 'features' | 'known'> {
  /** Rows of running trials. */
  readonly awaited: readonly number[];
}

function byAcquisition(
  pool: Pool,
  fit: Surrogate,
  known: readonly number[],
  acquisition: Acquisition,
  feasible: Feasibility | null,
  random: Random,
): Genome | null {
  const screened = constrained(optimistic(fit.screen(pool.rows)), feasible?.(pool.rows));
  const short = largest(screened, SHORTLIST).map((i) => pool.rows[i]!);
  const seen = [...new Set(known)];
  const { mean, deviation } = fit.refine(Int32Array.from([...short, ...seen]));
  // The best trial's value is partly luck: what is to be improved on is the best of what is believed.
  const best = mean.subarray(short.length).reduce((a, b) => Math.max(a, b));
  const normal = random.split('acquisition');
  const worth = Float64Array.from(short, (_, i) =>
    acquisition(mean[i]!, deviation[i]!, best, () => normal.normal()),
  );
  return firstOf(pool, short, constrained(worth, feasible?.(short)), screened, random);
}

const optimistic = ({ mean, deviation }: Prediction): Float64Array => mean.map((m, i) => m + deviation[i]!);

/** The most worthy row of the shortlist that may be proposed, equal ones at random; else the best of all the others. */
function firstOf(
  pool: Pool,
  short: Int32Array,
  worth: Float64Array,
  screened: Float64Array,
  random: Random,
): Genome | null {
  const ties = random.split('ties');
  const lots = Float64Array.from(short, () => ties.next());
  const order = [...short.keys()].sort((a, b) => worth[b]! - worth[a]! || lots[a]! - lots[b]!);
  for (const i of order) {
    const genome = pool.genome(short[i]!);
    if (genome !== null) return genome;
  }
  if (short.length === pool.rows.length) return null;
  const others = [...pool.rows.keys()].sort((a, b) => screened[b]! - screened[a]! || a - b);
  for (const i of others) {
    const genome = pool.genome(pool.rows[i]!);
    if (genome !== null) return genome;
  }
  return null;
}

/** Draws from the prediction that the expected gain is averaged over, the same for all candidates. */
const DRAWS = 8;

/** By the hypervolume that a candidate is expected to add, averaged over draws from the predictions. */
function byGain(
  pool: Pool,
  fits: readonly Surrogate[],
  targets: readonly (readonly number[])[],
  feasible: Feasibility | null,
  random: Random,
): Genome | null {
  const gainOf = frontGain(targets[0]!.map((_, at) => targets.map((column) => column[at]!)));
  const seen = fits.map((fit) => optimistic(fit.screen(pool.rows)));
  const gains = Float64Array.from(pool.rows, (_, i) => gainOf(seen.map((column) => column[i]!)));
  const screened = constrained(gains, feasible?.(pool.rows));
  const short = largest(screened, SHORTLIST).map((i) => pool.rows[i]!);
  const predictions = fits.map((fit) => fit.refine(short));
  const normal = random.split('acquisition');
  const half = Array.from({ length: DRAWS / 2 }, () => targets.map(() => normal.normal()));
  // In pairs of opposite signs, so that their mean is the prediction's.
  const draws = [...half, ...half.map((draw) => draw.map((z) => -z))];
  const worth = Float64Array.from(short, (_, i) => {
    let sum = 0;
    for (const draw of draws) {
      const added = gainOf(predictions.map(({ mean, deviation }, k) => mean[i]! + deviation[i]! * draw[k]!));
      // What lies below the front is worth next to nothing, but its order decides where nothing lies above.
      sum += added >= 0 ? added : 1e-6 * added;
    }
    return sum;
  });
  return firstOf(pool, short, constrained(worth, feasible?.(short)), screened, random);
}
