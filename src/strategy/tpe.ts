import type { Random } from '../random.ts';
import type { Genome } from '../space/genome.ts';
import { drawGuided } from '../space/guided-draw.ts';
import { decisionSlots, decisionValues } from './decision-values.ts';
import { mirrored } from './mirrored.ts';
import { byCrowding, rankedBy } from './population.ts';
import { mutantOf, proposalOr } from './proposing.ts';
import { comparable, isComplete } from './ranking.ts';
import type { Observation, Strategy, SuggestRequest } from './strategy.ts';

/** Random trials before the first proposal. */
const START = 10;
/** The best of the trials, that the good density is of: this share, and no more than so many. */
const GOOD_SHARE = 0.25;
const MOST_GOOD = 25;
/** Candidates drawn from the good density, of which the best ratio is proposed. */
const CANDIDATES = 24;
/** Trials of the bad density, at most: the latest. */
const MOST_BAD = 300;

/**
 * The tree-structured Parzen estimator (Bergstra et al. 2011): one density of the good trials' decisions, one of the
 * others'; proposed is what is likely under the first and unlikely under the second. Good are the best by Pareto rank and
 * crowding where there are several objectives (Ozaki et al. 2022). Conditional decisions have densities of their own, of
 * the trials that took them.
 */
export const tpe: Strategy = {
  name: 'tpe',
  description:
    'Tree-structured Parzen estimator: decisions likely among good trials, unlikely among others (Bergstra et al. 2011).',
  suggest(request) {
    const split = goodAndBad(request);
    if (split === null) return proposalOr(request, null);
    const { space, random } = request;
    const slots = decisionSlots(space);
    const good = slots.map(({ outcomes }, k) => density(split.good, k, outcomes));
    const bad = slots.map(({ outcomes }, k) => density(split.bad, k, outcomes));
    const index = new Map(slots.map(({ path }, k) => [path, k]));
    const decide = (path: string): number => good[index.get(path)!]!.draw(random);
    const ratioOf = (genome: Genome): number =>
      decisionValues(space, genome).reduce(
        (sum, value, k) => (value < 0 ? sum : sum + good[k]!.log(value) - bad[k]!.log(value)),
        0,
      );
    // Whether a candidate is acceptable costs more than its ratio: the best are asked about first, and a second time
    // more are drawn.
    for (const count of [CANDIDATES, 10 * CANDIDATES]) {
      const drawn = Array.from({ length: count }, () => drawGuided(space, { pick: decide, place: decide }));
      const ratios = new Map(drawn.map((genome) => [genome, ratioOf(genome)]));
      const best = drawn.sort((a, b) => ratios.get(b)! - ratios.get(a)!).find(request.accept);
      if (best !== undefined) return { genome: best };
    }
    return proposalOr(
      request,
      mutantOf(request, () => random.pick(split.best)),
    );
  },
};

/** Decision values of the best trials and of the others; null while there are too few. Failed trials count as bad. */
function goodAndBad({ space, history }: SuggestRequest) {
  const learnt = comparable(history, START);
  if (learnt.length < START) return null;
  const count = Math.max(1, Math.min(MOST_GOOD, Math.ceil(GOOD_SHARE * learnt.length)));
  const best = rankedBy(learnt, count, byCrowding);
  const good = new Set(best);
  const level = best[0]!.fidelity;
  const others = history.filter((o) => !good.has(o) && (o.fidelity === level || !isComplete(o)));
  const values = (trials: readonly Observation[]) => trials.map((o) => decisionValues(space, o.genome));
  return { best: best.map((o) => o.genome), good: values(best), bad: values(others.slice(-MOST_BAD)) };
}

interface Density {
  readonly log: (value: number) => number;
  readonly draw: (random: Random) => number;
}

function density(trials: readonly Float64Array[], slot: number, outcomes: number | null): Density {
  const values: number[] = [];
  for (const trial of trials) if (trial[slot]! >= 0) values.push(trial[slot]!);
  return outcomes === null ? parzen(values) : categorical(values, outcomes);
}

/** Trials' worth of the uniform distribution in each density: what was never tried keeps a chance. */
const PRIOR = 2;

function categorical(values: readonly number[], outcomes: number): Density {
  const weights = new Float64Array(outcomes).fill(PRIOR / outcomes);
  for (const value of values) weights[value] = weights[value]! + 1;
  const total = values.length + PRIOR;
  return {
    log: (value) => Math.log(weights[value]! / total),
    draw: (random) => {
      let left = random.next() * total;
      for (let i = 0; i < outcomes; i++) {
        left -= weights[i]!;
        if (left < 0) return i;
      }
      return outcomes - 1;
    },
  };
}

/** Narrowest kernel, in shares of the range. */
const LEAST_WIDTH = 0.02;

/** Gaussian kernels at the values and one broad one in the middle; narrower the more there are (Scott 1992). */
function parzen(values: readonly number[]): Density {
  const width = Math.max(LEAST_WIDTH, 0.5 * (values.length + 1) ** -0.4);
  const total = values.length + 1;
  return {
    log: (x) => {
      let sum = Math.exp(-0.5 * (x - 0.5) ** 2);
      for (const value of values) sum += Math.exp(-0.5 * ((x - value) / width) ** 2) / width;
      return Math.log(sum / total + 1e-12);
    },
    draw: (random) => {
      const i = random.int(total);
      const x = i === values.length ? 0.5 + random.normal() : values[i]! + width * random.normal();
      return mirrored(x);
    },
  };
}
