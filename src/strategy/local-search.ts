import { listDecisions } from '../space/decisions.ts';
import { mutantOf, proposalOr } from './proposing.ts';
import { best } from './ranking.ts';
import type { Observation, Strategy, SuggestRequest } from './strategy.ts';
import { replayClimb, replayWalk, type Stand } from './walk.ts';

const climbing = (
  name: string,
  description: string,
  standing: (history: readonly Observation[], decisions: number) => Pick<Stand, 'current'>,
): Strategy => ({
  name,
  description,
  suggest(request) {
    const { current } = standing(request.history, decisionCount(request));
    return proposalOr(request, current === null ? null : mutantOf(request, () => current.genome));
  },
});

/** Open decisions of the first genome: how many neighbours there are grows with them. */
const decisionCount = ({ space, history }: SuggestRequest): number =>
  history.length === 0 ? 1 : listDecisions(space, history[0]!.genome).length;

const better = (from: Observation, to: Observation): boolean =>
  best([from, to]) === to && from.values!.some((value, i) => value !== to.values![i]);

/** Neighbours tried in vain, per decision of the genome, before the search begins anew elsewhere. */
const PATIENCE_PER_DECISION = 2;

/**
 * Local search with first improvement and random restarts (White et al. 2021, "Exploring the loss landscape in NAS"): a
 * neighbour that is better becomes the next centre; when none seems to be, it begins anew.
 */
export const localSearch = climbing(
  'local-search',
  'Hill climbing: the first better neighbour, restarts at random (White et al. 2021).',
  (history, decisions) => replayWalk(history, Math.max(4, PATIENCE_PER_DECISION * decisions), better),
);

/** Neighbours looked at before a step, per decision of the genome. */
const NEIGHBOURS_PER_DECISION = 2;

/**
 * Local search with best improvement (White et al. 2021): the best of several neighbours becomes the next centre; when it
 * is no better than the centre, the search begins anew.
 */
export const steepestAscent = climbing(
  'steepest-ascent',
  'Hill climbing: the best of several neighbours, restarts at random (White et al. 2021).',
  (history, decisions) => replayClimb(history, Math.max(4, NEIGHBOURS_PER_DECISION * decisions), better),
);
