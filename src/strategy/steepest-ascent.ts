import { better, climbing } from './climbing.ts';
import { replayClimb } from './walk.ts';

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
