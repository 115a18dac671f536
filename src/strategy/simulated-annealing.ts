import { createRandom } from '../random.ts';
import { mutantOf, proposalOr } from './proposing.ts';
import { best, isComplete } from './ranking.ts';
import type { Observation, Strategy } from './strategy.ts';
import { replayWalk } from './walk.ts';

/** Of the spread of the values seen: what a step may lose with a probability of 1/e at the start. */
const FIRST_TEMPERATURE = 0.5;
/** The temperature falls by this factor with every trial. */
const COOLING = 0.97;
const PATIENCE = 40;

/**
 * Simulated annealing (Kirkpatrick et al. 1983): a worse neighbour is taken with probability exp(−loss / temperature), the
 * loss in units of the spread of all values. With several objectives the loss is their mean (Czyżak & Jaszkiewicz 1998).
 */
export const simulatedAnnealing: Strategy = {
  name: 'annealing',
  description: 'Simulated annealing: worse neighbours are taken ever more rarely (Kirkpatrick et al. 1983).',
  suggest(request) {
    const { history } = request;
    const spreads = Array.from({ length: request.objectives }, (_, k) => spreadOf(history, k));
    const { current } = replayWalk(history, PATIENCE, (from, to, step) => {
      if (best([from, to]) === to) return true;
      if (from.feasible && !to.feasible) return false;
      const losses = spreads.map((spread, k) => (from.values![k]! - to.values![k]!) / spread);
      const loss = losses.reduce((a, b) => a + b, 0) / losses.length;
      // The same draw whenever the history is replayed.
      const draw = createRandom(`annealing ${to.number} ${to.hash}`).next();
      return draw < acceptance(loss, step);
    });
    return proposalOr(request, current === null ? null : mutantOf(request, () => current.genome));
  },
};

/** The probability of taking a step that loses so much, 0 … 1. */
export const acceptance = (loss: number, step: number): number =>
  Math.min(1, Math.exp(-loss / (FIRST_TEMPERATURE * COOLING ** step)));

/** Interquartile range of an objective, so that single failures do not count; 1 when there is none. */
function spreadOf(history: readonly Observation[], objective: number): number {
  const values = history
    .filter(isComplete)
    .map((o) => o.values![objective]!)
    .sort((a, b) => a - b);
  const at = (share: number): number => values[Math.floor(share * (values.length - 1))] ?? 0;
  return at(0.75) - at(0.25) || 1;
}
