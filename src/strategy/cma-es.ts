import { createRandom } from '../random.ts';
import { intCount } from '../space/choice.ts';
import { listDecisions } from '../space/decisions.ts';
import type { Genome } from '../space/genome.ts';
import { drawGuided } from '../space/guided-draw.ts';
import {
  afterGeneration,
  deviation,
  firstDistribution,
  generationSize,
  pointOf,
  type SearchDistribution,
} from './cma-distribution.ts';
import { decisionSlots, decisionValues } from './decision-values.ts';
import { mirrored } from './mirrored.ts';
import { byCrowding, rankedBy } from './population.ts';
import { firstAcceptable, proposalOr } from './proposing.ts';
import { comparable } from './ranking.ts';
import type { Observation, Strategy, SuggestRequest } from './strategy.ts';

const START = 4;
/** Categorical parts come from one of so many best trials. */
const PARENTS = 6;
/** Categorical decisions of a child that mutate, on average. */
const MUTATED = 0.4;
/** A distribution this narrow in every direction has converged: the next begins elsewhere with larger generations. */
const CONVERGED = 0.004;
/** Of a step between two integers: the least deviation that they are drawn with, so that none is stuck. */
const LEAST_STEP = 0.3;

/**
 * CMA-ES (Hansen & Ostermeier 2001) over the numeric decisions, with growing restarts (Auger & Hansen 2005): the trials
 * in order form its generations, so that the distribution is found again from the history. Categorical decisions mutate
 * from one of the best trials; integers keep a least spread (Hamano et al. 2022, the margin). Several objectives rank by
 * Pareto rank and crowding.
 */
export const cmaEs: Strategy = {
  name: 'cma-es',
  description:
    'A normal distribution over the numeric decisions follows the best trials; the others mutate (Hansen & Ostermeier 2001).',
  suggest(request) {
    const { space, random, history } = request;
    const trials = comparable(history, START);
    if (trials.length < START) return proposalOr(request, null);
    const slots = decisionSlots(space);
    const numeric = slots.flatMap(({ outcomes }, k) => (outcomes === null ? [k] : []));
    const coordinate = new Map(numeric.map((k, i) => [slots[k]!.path, i]));
    const slotOf = new Map(slots.map(({ path }, k) => [path, k]));
    const distribution = replayGenerations(request, trials, numeric);
    const parents = rankedBy(trials, PARENTS, byCrowding);
    // Where only categories are decided, nothing else makes a child differ.
    const rate = (numeric.length === 0 ? 1 : MUTATED) / Math.max(1, slots.length - numeric.length);
    return proposalOr(
      request,
      firstAcceptable(request, (attempt) => {
        const parent = random.pick(parents).genome;
        const values = decisionValues(space, parent);
        const least = leastDeviations(space, parent);
        const point = pointOf(
          distribution,
          distribution.mean.map(() => random.normal()),
        );
        // Later attempts go further: what lies near may all be known.
        const wider = 1 + Math.floor(attempt / 16);
        return drawGuided(space, {
          pick: (path, count) => {
            const value = values[slotOf.get(path)!]!;
            return value < 0 || random.next() < wider * rate ? random.int(count) : value;
          },
          place: (path) => {
            const i = coordinate.get(path)!;
            const lacking = Math.max(0, (least.get(path) ?? 0) - deviation(distribution, i));
            return mirrored(
              distribution.mean[i]! + wider * (point[i]! - distribution.mean[i]!) + lacking * random.normal(),
            );
          },
        });
      }),
    );
  },
};

/** The distribution after all full generations. Decisions that a trial does not take stand at the mean. */
function replayGenerations(
  { space }: SuggestRequest,
  trials: readonly Observation[],
  numeric: readonly number[],
): SearchDistribution {
  const n = numeric.length;
  let distribution = firstDistribution(new Float64Array(n).fill(0.5));
  if (n === 0) return distribution;
  let size = generationSize(n);
  let restarts = 0;
  for (let from = 0; from + size <= trials.length; ) {
    const { mean } = distribution;
    const points = rankedBy(trials.slice(from, from + size), size, byCrowding).map(({ genome }) => {
      const values = decisionValues(space, genome);
      return Float64Array.from(numeric, (k, i) => (values[k]! < 0 ? mean[i]! : values[k]!));
    });
    from += size;
    distribution = afterGeneration(distribution, points);
    if (numeric.every((_, i) => deviation(distribution, i) < CONVERGED)) {
      restarts++;
      size *= 2;
      const random = createRandom(`cma-es ${restarts}`);
      distribution = firstDistribution(mean.map(() => random.next()));
    }
  }
  return distribution;
}

/** By path, for the integers that a genome decides, in shares of their range. */
function leastDeviations(space: SuggestRequest['space'], genome: Genome): ReadonlyMap<string, number> {
  const least = new Map<string, number>();
  for (const { path, choice } of listDecisions(space, genome)) {
    const count =
      choice.kind === 'int' ? intCount(choice) : choice.kind === 'repeat' ? choice.max - choice.min + 1 : 0;
    if (count > 1) least.set(path, LEAST_STEP / (count - 1));
  }
  return least;
}
