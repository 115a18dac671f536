import { listDecisions } from '../space/decisions.ts';
import { mutantOf, proposalOr } from './proposing.ts';
import { best } from './ranking.ts';
import type { Observation, Strategy, SuggestRequest } from './strategy.ts';
import type { Stand } from './walk.ts';

/** Hill climbing from wherever a replay of the history stands; a random genome where it stands nowhere. */
export const climbing = (
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

/** Whether a step gains anything. */
export const better = (from: Observation, to: Observation): boolean =>
  best([from, to]) === to && from.values!.some((value, i) => value !== to.values![i]);
