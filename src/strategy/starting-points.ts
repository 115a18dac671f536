/** The first trials of a search, before there is anything to learn from. */
import { createRandom } from '../random.ts';
import type { Genome } from '../space/genome.ts';
import { comparableTrials } from './predictor/learnt-set.ts';
import { middled, networkScore, proxyCorrelation } from './predictor/proxy-columns.ts';
import { isComplete } from './ranking.ts';
import { simplest } from './simplest.ts';
import type { Observation, Proposal, SuggestRequest, ZeroCostProxy } from './strategy.ts';

/** Genomes that a cheap score chooses among. */
const SCORED = 500;
/** Of a space's well-known members, so many are tried at most. */
export const MOST_REFERENCES = 3;
/** Where there are several objectives, the place of the front's cheap end: models know little of what lies beyond their trials. */
const SIMPLEST_AT = 3;
/** One in so many starting points is the proxies' favourite: proxies mislead at times (Abdelfattah et al. 2021). */
const FAVOURITE_EVERY = 4;
/** Trials' worth of doubt about what the results so far say of a proxy. */
const DOUBT = 10;

/** Whether the `index`-th starting point is the simplest network. */
export const looksForSimplest = ({ objectives }: SuggestRequest, index: number): boolean =>
  objectives > 1 && index === SIMPLEST_AT;

/**
 * The `index`-th starting point: first some of the space's well-known members, then random genomes, and every fourth the
 * proxies' favourite; with several objectives the simplest network is among them. Null when nothing is acceptable.
 */
export function startingPoint(request: SuggestRequest, index: number): Proposal | null {
  const { space, accept, draw, random } = request;
  if (index < MOST_REFERENCES) {
    const reference = space.references?.find(accept);
    if (reference !== undefined) return { genome: reference, note: 'start: well-known' };
  }
  if (index % FAVOURITE_EVERY === 0) {
    const favourite = favouriteOf(request);
    if (favourite !== null) return { genome: favourite, note: "start: the proxies' favourite" };
  }
  if (looksForSimplest(request, index)) {
    const least = simplest(request);
    if (least !== null) return { genome: least, note: 'start: the simplest' };
  }
  const genome = draw(random);
  return genome === null ? null : { genome, note: 'start: random' };
}

/**
 * The genome that the proxies like best together, by the mean of their normal scores; null without proxies or candidates.
 * While there are no results, more of each is taken for better; then each counts by its rank correlation with them, less
 * the fewer they are, and against its sense where that is negative.
 */
export function favouriteOf(request: SuggestRequest): Genome | null {
  const { proxies, history } = request;
  if (proxies.length === 0) return null;
  const genomes = candidates(request);
  const weights = proxyWeights(proxies, history.some(isComplete) ? comparableTrials(history) : []);
  const total = new Float64Array(genomes.length);
  for (const [k, proxy] of proxies.entries()) {
    const scores = middled(genomes.map((genome) => networkScore(proxy, [genome])));
    for (const [i, score] of scores.entries()) total[i] = total[i]! + weights[k]! * score;
  }
  let best = 0;
  for (let i = 1; i < genomes.length; i++) if (total[i]! > total[best]!) best = i;
  return genomes[best] ?? null;
}

/** From −1 to 1, by proxy. */
export function proxyWeights(proxies: readonly ZeroCostProxy[], trials: readonly Observation[]): number[] {
  const weights = proxies.map((proxy) => {
    const found = proxyCorrelation(proxy, trials);
    return found === null ? null : (found.correlation * found.trials) / (found.trials + DOUBT);
  });
  return weights.every((weight) => weight === null || weight === 0)
    ? weights.map(() => 1)
    : weights.map((weight) => weight ?? 0);
}

function candidates({ listed, accept, draw, random, proxies }: SuggestRequest): Genome[] {
  const most = Math.min(...proxies.map((proxy) => proxy.most ?? Number.POSITIVE_INFINITY));
  const all = listed();
  // Of a long list always the same part, so that their scores are computed once.
  if (all !== null)
    return (all.length <= most ? all : createRandom('favourites').shuffle(all).slice(0, most)).filter(accept);
  const stream = random.split('scored');
  return Array.from({ length: Math.min(SCORED, most) }, (_, i) => draw(stream.split(i))).filter(
    (genome) => genome !== null,
  );
}
