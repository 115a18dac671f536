/**
 * The default strategy: it begins with well-known and random members of the space, then lets two models of different
 * kinds, a forest and a Gaussian process, name the next trial together.
 *
 * One kind alone is at times sure of the wrong thing: a Gaussian process may rest on a length scale that a few trials
 * suggest, a forest does not reach beyond what it saw. Each counts by what it says of trials that it has not seen, and
 * where they disagree, the candidate counts as uncertain and is worth a trial. The expected improvement decides; every few
 * trials a draw from a few trees (Thompson 1933) keeps the search from resting on a mistake. The less the models foresee,
 * the more trials are random or bred from the best. With several objectives every other trial is bred from the front
 * (NSGA-II), since predictions tell where a front lies better than they tell its edge, and in place of the draws the first
 * objective has its turns: the best network of all is the corner that is the hardest to find.
 */

import { explainAuto } from './auto-explanation.ts';
import { nsga2 } from './nsga2.ts';
import { ACQUISITIONS } from './predictor/acquisition.ts';
import { listingSteps } from './predictor/listed-features.ts';
import { lastMilestone, type Milestone } from './predictor/milestones.ts';
import { drawnForest, ensembleModel } from './predictor/model.ts';
import { proposeBy } from './predictor/predictor-strategy.ts';
import { randomSearch } from './random.ts';
import { looksForSimplest, startingPoint } from './starting-points.ts';
import type { Proposal, Strategy, SuggestRequest } from './strategy.ts';

/** Trials before the first prediction. */
const START = 8;
/** One trial in so many is named by a few trees; with several objectives for the first of them alone. */
const TURN_EVERY = 6;

/**
 * The default strategy: well-known and random members of the space first, then a forest and a Gaussian process
 * together; by expected improvement (Jones et al. 1998), every few trials by a draw (Thompson 1933); with several
 * objectives every other trial is bred from the front (Deb et al. 2002). The less the models foresee, the more trials
 * are random or bred.
 */
export const auto: Strategy = {
  name: 'auto',
  description:
    'Well-known and random networks first, then a forest and a Gaussian process together; what suits most searches.',
  suggest(request) {
    const index = request.history.length + request.running.length;
    return index < START ? startingPoint(request, index) : (later(request, index) ?? unlearnt(request));
  },
  prepare(request) {
    const index = request.history.length + request.running.length;
    const all = index >= START || looksForSimplest(request, index) ? request.listed() : null;
    return all === null ? [] : listingSteps(request, all);
  },
  explain: (facts) => explainAuto(facts, START),
};

function later(request: SuggestRequest, index: number): Proposal | null {
  const milestone = lastMilestone(request);
  if (milestone === null) return null;
  const guard = request.random.split('guard');
  if (guard.next() < doubt(milestone))
    return unlearnt(request, guard.next() < 0.5, detailOf(request, milestone));
  if (request.objectives > 1 && index % 2 === 0) return noted(nsga2.suggest(request), 'bred');
  const turn = index % TURN_EVERY === TURN_EVERY - 1;
  const kind = !turn ? 'predicted' : request.objectives > 1 ? 'predicted for the first objective' : 'drawn';
  const drawn = kind === 'drawn';
  const proposal = proposeBy(request, {
    model: drawn ? drawnForest : ensembleModel,
    acquisition: drawn ? ACQUISITIONS.mean : ACQUISITIONS.ei,
    start: START,
    settled: true,
    firstOnly: turn,
  });
  return noted(proposal, `${kind}${detailOf(request, milestone)}`);
}

/** Correlation from which the models are trusted with all trials, and the share of others where there is none. */
const TRUSTED = 0.3;
const MOST_DOUBT = 0.5;
/** Trials' worth of the belief that networks can be told apart at all. */
const PRIOR_TRIALS = 10;
const PRIOR_CORRELATION = 0.5;

/** The share of trials that the models do not name: it grows where neither foresees trials that it has not seen. */
function doubt({ trials, settings }: Milestone): number {
  const best = settings.map((s) => Math.max(s.processCorrelation, s.forestCorrelation));
  const mean = best.reduce((sum, value) => sum + value, 0) / best.length;
  const believed = (trials * mean + PRIOR_TRIALS * PRIOR_CORRELATION) / (trials + PRIOR_TRIALS);
  return MOST_DOUBT * Math.min(1, Math.max(0, (TRUSTED - believed) / TRUSTED));
}

/** A random trial, or one bred from the best: where models are not to be trusted, or have nothing to learn from. */
function unlearnt(request: SuggestRequest, bred = false, detail = ''): Proposal | null {
  return bred
    ? noted(nsga2.suggest(request), `bred without models${detail}`)
    : noted(randomSearch.suggest(request), `random${detail}`);
}

const noted = (proposal: Proposal | null, note: string): Proposal | null =>
  proposal === null ? null : { ...proposal, note };

/** `(process 0.71 at 60 %, forest 0.64, synflow 0.52)`: rank correlations with trials unseen, of the first objective. */
function detailOf({ proxies }: SuggestRequest, milestone: Milestone): string {
  const { processCorrelation, processShare, forestCorrelation } = milestone.settings[0]!;
  const parts = [
    `process ${processCorrelation.toFixed(2)} at ${Math.round(100 * processShare)} %`,
    `forest ${forestCorrelation.toFixed(2)}`,
    ...proxies.map(({ name }, k) => `${name} ${milestone.proxies[k]!.toFixed(2)}`),
  ];
  return ` (${parts.join(', ')})`;
}
