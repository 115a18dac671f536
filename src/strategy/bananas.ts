import type { Genome } from '../space/genome.ts';
import { mutateGenome } from '../space/mutation.ts';
import { ACQUISITIONS } from './predictor/acquisition.ts';
import { comparableTrials, learntTrials, rankedTrials } from './predictor/learnt-set.ts';
import { perceptronModel } from './predictor/mlp.ts';
import { pathMatrix } from './predictor/paths.ts';
import { normalScores } from './predictor/targets.ts';
import { proposalOr } from './proposing.ts';
import type { Strategy, SuggestRequest } from './strategy.ts';

/** Trials at random before the first prediction. */
const START = 10;
/** The best trials, which are mutated, and the mutants that the predictors choose among. */
const PARENTS = 10;
const CANDIDATES = 100;

/**
 * BANANAS (White et al. 2021): an ensemble of perceptrons on the path encoding predicts; candidates are mutants of the best
 * trials; chosen is the best of one independent Thompson draw for each. Several objectives count by Pareto rank.
 */
export const bananas: Strategy = {
  name: 'bananas',
  description:
    'BANANAS: an ensemble of neural predictors on the path encoding, mutants of the best, independent Thompson sampling (White et al. 2021).',
  suggest(request) {
    const { history, random } = request;
    const learnt = learntTrials(comparableTrials(history));
    const ranked = rankedTrials(learnt);
    const mutants = learnt.length < START ? [] : mutantsOf(request, ranked.slice(0, PARENTS));
    if (mutants.length === 0) return proposalOr(request, null);
    const features = pathMatrix(request, [...ranked.map((o) => o.genome), ...mutants]);
    const several = ranked[0]!.values!.length > 1;
    const targets = normalScores(ranked.map((o, i) => (several ? -i : o.feasible ? o.values![0]! : worst())));
    const rows = Int32Array.from(mutants.keys(), (i) => ranked.length + i);
    const { mean, deviation } = perceptronModel(
      { features, known: [...ranked.keys()], targets },
      random.split('predictor'),
    ).refine(rows);
    const normal = random.split('acquisition');
    const draws = mean.map((m, i) => ACQUISITIONS.thompson(m, deviation[i]!, 0, () => normal.normal()));
    return { genome: mutants[draws.indexOf(Math.max(...draws))]! };

    /** Infeasible trials count as the worst. */
    function worst(): number {
      return ranked.reduce((low, o) => Math.min(low, o.values![0]!), Number.POSITIVE_INFINITY);
    }
  },
};

/** Acceptable mutants, each parent's in turn, none twice. */
function mutantsOf(
  { space, accept, random }: SuggestRequest,
  parents: readonly { readonly genome: Genome }[],
) {
  const stream = random.split('mutants');
  const found = new Map<string, Genome>();
  for (let i = 0; found.size < CANDIDATES && i < 4 * CANDIDATES; i++) {
    // Later ones go further: the neighbours of good parents may all be known.
    const steps = 1 + Math.floor(i / CANDIDATES);
    const genome = mutateGenome(space, parents[i % parents.length]!.genome, stream, steps);
    const key = JSON.stringify(genome);
    if (!found.has(key) && accept(genome)) found.set(key, genome);
  }
  return [...found.values()];
}
