/**
 * The default strategy: it begins with well-known and random members of the space, then lets two predictors of different
 * kinds, a forest and a Gaussian process, name the next trial together.
 *
 * One kind alone is at times sure of the wrong thing: a Gaussian process may rest on a length scale that a few trials
 * suggest, a forest does not reach beyond what it saw. Where they disagree, the candidate counts as uncertain and is
 * worth a trial. The expected improvement decides; every few trials a draw from the forest alone (Thompson 1933) keeps
 * the search from resting on a mistake, and where nothing can be learnt it goes on at random. With several objectives
 * every other trial is bred from the front (NSGA-II): predictions tell where a front lies better than they tell its edge.
 */
import { nsga2 } from './nsga.ts';
import { ACQUISITIONS } from './predictor/acquisition.ts';
import { ensemblePredictor, forestPredictor } from './predictor/model.ts';
import { proposeBy } from './predictor/predictor-strategy.ts';
import { MOST_REFERENCES, startingPoint } from './starting-points.ts';
import type { Proposal, Strategy, SuggestRequest } from './strategy.ts';

/** Trials before the first prediction. */
const START = 8;
/** One trial in so many is named by the forest's draw. */
const DRAW_EVERY = 6;

export const auto: Strategy = {
  name: 'auto',
  description:
    'Well-known and random networks first, then a forest and a Gaussian process together; what suits most searches.',
  suggest(request) {
    const index = request.history.length + request.running.length;
    return index < START ? start(request, index) : (learnt(request, index) ?? start(request, index));
  },
  explain: ({ trials, objectives, proxies, references }) => {
    const first = Math.min(trials, START);
    const known = Math.min(first, references, MOST_REFERENCES);
    const sources = [
      ...(known > 0 ? [`up to ${known} well-known networks of the space`] : []),
      ...(proxies.length > 0 ? [`the favourites of ${proxies.join(' and ')}`] : []),
      'random draws',
    ];
    if (trials <= START)
      return `The ${first} trials were too few to learn from: they are ${sources.join(', ')}.`;
    const drawn = Math.floor(trials / DRAW_EVERY) - Math.floor(START / DRAW_EVERY);
    const aim =
      objectives === 1
        ? 'the largest expected improvement over the best trial'
        : `the largest gain over the Pareto front of ${objectives} objectives, or were bred from it in turn,`;
    return (
      `The first ${START} trials are ${sources.join(', ')}. From then on a forest and a Gaussian process were fitted to ` +
      `all trials before each proposal; ${trials - START - drawn} proposals had ${aim} by both together, and ${drawn} ` +
      'were drawn by the forest alone, so that the search did not rest on a mistake of the models.'
    );
  },
};

function start(request: SuggestRequest, index: number): Proposal | null {
  const genome = startingPoint(request, index);
  return genome === null ? null : { genome };
}

function learnt(request: SuggestRequest, index: number): Proposal | null {
  if (request.objectives > 1 && index % 2 === 0) return nsga2.suggest(request);
  const drawn = index % DRAW_EVERY === DRAW_EVERY - 1;
  return proposeBy(request, {
    predictor: drawn ? forestPredictor : ensemblePredictor,
    acquisition: drawn ? ACQUISITIONS.thompson : ACQUISITIONS.ei,
    start: START,
  });
}
