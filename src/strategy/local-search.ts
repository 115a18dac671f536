import { better, climbing } from './climbing.ts';
import { replayWalk } from './walk.ts';

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
