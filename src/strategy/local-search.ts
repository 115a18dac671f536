import { listDecisions } from '../space/decisions.ts';
import { mutantOf, proposalOr } from './proposing.ts';
import { best } from './ranking.ts';
import type { Strategy } from './strategy.ts';
import { replayWalk } from './walk.ts';

/** Neighbours tried in vain, per decision of the genome, before the search begins anew elsewhere. */
const PATIENCE_PER_DECISION = 2;

/**
 * Local search with first improvement and random restarts (White et al. 2021, "Exploring the loss landscape in NAS"): a
 * neighbour that is better becomes the next centre; when none seems to be, it begins anew.
 */
export const localSearch: Strategy = {
  name: 'local-search',
  description: 'Hill climbing: the first better neighbour, restarts at random (White et al. 2021).',
  suggest(request) {
    const { space, history } = request;
    const decisions = history.length === 0 ? 1 : listDecisions(space, history[0]!.genome).length;
    const { current } = replayWalk(
      history,
      Math.max(4, PATIENCE_PER_DECISION * decisions),
      (from, to) => best([from, to]) === to && from.values!.some((value, i) => value !== to.values![i]),
    );
    return proposalOr(request, current === null ? null : mutantOf(request, () => current.genome));
  },
};
