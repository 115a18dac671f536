import type { Random } from '../random.ts';
import { drawGuided } from '../space/guided-draw.ts';
import { decisionSlots, decisionValues } from './decision-values.ts';
import { byCrowding, rankedBy } from './population.ts';
import { firstAcceptable, proposalOr } from './proposing.ts';
import { isComplete } from './ranking.ts';
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
    const draw = () =>
      drawGuided(space, {
        pick: (path) => good[index.get(path)!]!.draw(random),
        place: (path) => good[index.get(path)!]!.draw(random),
      });
    let best: ReturnType<typeof draw> | null = null;
    let bestRatio = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < CANDIDATES; i++) {
      const genome = firstAcceptable(request, draw);
      if (genome === null) break;
      const values = decisionValues(space, genome);
      let ratio = 0;
      for (let k = 0; k < slots.length; k++)
        if (values[k]! >= 0) ratio += good[k]!.log(values[k]!) - bad[k]!.log(values[k]!);
      if (ratio > bestRatio) [best, bestRatio] = [genome, ratio];
    }
    return proposalOr(request, best);
  },
};

/** Decision values of the best trials and of the others; null while there are too few. Failed trials count as bad. */
function goodAndBad({ space, history, objectives }: SuggestRequest) {
  const values = (trials: readonly Observation[]) => trials.map((o) => decisionValues(space, o.genome));
  const complete = history.filter(isComplete);
  if (complete.length < START) return null;
  const level = Math.max(...complete.map((o) => o.fidelity));
  const top = complete.filter((o) => o.fidelity === level);
  const learnt = top.length >= START ? top : complete.filter((o) => o.fidelity === commonest(complete));
  const count = Math.max(1, Math.min(MOST_GOOD, Math.ceil(GOOD_SHARE * learnt.length)));
  const ranked = objectives === 1 ? bySingle(learnt) : rankedBy(learnt, byCrowding);
  const good = ranked.slice(0, count);
  const taken = new Set(good);
  const others = history.filter(
    (o) => o.state !== 'complete' || (o.fidelity === learnt[0]!.fidelity && !taken.has(o)),
  );
  return { good: values(good), bad: values(others.slice(-MOST_BAD)) };
}

const bySingle = (trials: readonly Observation[]): Observation[] =>
  [...trials].sort((a, b) => Number(b.feasible) - Number(a.feasible) || b.values![0]! - a.values![0]!);

function commonest(trials: readonly Observation[]): number {
  const counts = new Map<number, number>();
  for (const { fidelity } of trials) counts.set(fidelity, (counts.get(fidelity) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]![0];
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
      // Mirrored at the ends: cutting off would pile up there.
      const folded = Math.abs(x % 2);
      return folded > 1 ? 2 - folded : folded;
    },
  };
}
