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
 * objective has its turns: the best network of all is the corner that is the hardest to find. Later on more are bred, as
 * far as those have lately added more to the front than the predicted ones.
 */
import { explainAuto } from './auto-explanation.ts';
import { latelyGained } from './front-credit.ts';
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
/** With several objectives one trial in so many is predicted all the same, to know what predictions are worth. */
const PROBE_EVERY = 8;
/** Trials before the gains of two objectives are compared: on the way to a front all of them gain. */
const COMPARED_FROM = 100;

/**
 * The default strategy: well-known and random members of the space first, then a forest and a Gaussian process
 * together; by expected improvement (Jones et al. 1998), every few trials by a draw (Thompson 1933); with several
 * objectives every other trial is bred from the front (Deb et al. 2002), later more where those gain more. The less the
 * models foresee, the more trials are random or bred.
 */
export const auto: Strategy = {
  name: 'auto',
  description:
    'Well-known and random networks first, then a forest and a Gaussian process together; what suits most searches.',
  suggest(request) {
    const index = request.history.length + request.running.length;
    return index < START ? startingPoint(request, index) : (later(request) ?? unlearnt(request));
  },
  prepare(request) {
    const index = request.history.length + request.running.length;
    const all = index >= START || looksForSimplest(request, index) ? request.listed() : null;
    return all === null ? [] : listingSteps(request, all);
  },
  explain: (facts) => explainAuto(facts, START),
};

function later(request: SuggestRequest): Proposal | null {
  const milestone = lastMilestone(request);
  if (milestone === null) return null;
  const guard = request.random.split('guard');
  if (guard.next() < doubt(milestone))
    return unlearnt(request, guard.next() < 0.5, detailOf(request, milestone));
  const number = nextNumber(request);
  if (request.objectives > 1 && breeds(request, number)) return noted(nsga2.suggest(request), 'bred');
  const turn = isTurn(number);
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

/** The number that the trial to be proposed will have. */
const nextNumber = ({ history, running }: SuggestRequest): number =>
  1 + Math.max(-1, history.at(-1)?.number ?? -1, running.at(-1)?.number ?? -1);

const isTurn = (number: number): boolean => number % TURN_EVERY === TURN_EVERY - 1;
const isBred = (number: number): boolean => number % 2 === 0;
const isProbe = (number: number): boolean => number % PROBE_EVERY === 1;

/** Whether the front's next trial is bred: of those that may be either, as many as breeding lately was the better of the two. */
function breeds(request: SuggestRequest, number: number): boolean {
  if (isBred(number)) return true;
  // With more than two, volumes take too long.
  if (isProbe(number) || request.objectives > 2 || request.history.length < COMPARED_FROM) return false;
  const gained = latelyGained(request.history, (n) => {
    if (n < 2 * START) return null;
    if (isBred(n)) return 'bred';
    return isProbe(n) && !isTurn(n) ? 'predicted' : null;
  });
  const lead = gained('bred') - gained('predicted');
  return request.random.split('breeds').next() * gained('bred') < lead;
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
