/** One search replayed on a table: the strategy is asked and told as a study does it, one trial at a time. */
import { createRandom } from '../random.ts';
import type { Observation, Strategy } from '../strategy/strategy.ts';
import { type Problem, requestParts } from './problem.ts';

export interface ReplayOptions {
  readonly problem: Problem;
  readonly strategy: Strategy;
  readonly seed: string | number;
  /** Evaluations of any fidelity; null for no limit. */
  readonly evaluations: number | null;
  /** Sum of the evaluations' costs; the one that goes beyond does not count. Null for no limit. */
  readonly budget: number | null;
}

export interface Evaluation {
  readonly row: number;
  readonly fidelity: number;
  /** All evaluations up to and with this one. */
  readonly cost: number;
}

export interface Replay {
  readonly evaluations: readonly Evaluation[];
  /** The strategy's own time, milliseconds. */
  readonly ownMs: number;
}

export function replay({ problem, strategy, seed, evaluations, budget }: ReplayOptions): Replay {
  const random = createRandom(seed).split('study');
  const proposed = new Set<number>();
  const parts = requestParts(problem, proposed);
  const highest = problem.fidelities.length - 1;
  const history: Observation[] = [];
  const done: Evaluation[] = [];
  let cost = 0;
  let ownMs = 0;
  while (done.length < (evaluations ?? Number.POSITIVE_INFINITY)) {
    const number = done.length;
    const began = performance.now();
    const proposal = strategy.suggest({
      ...parts,
      history: [...history],
      running: [],
      random: random.split('trial', number),
    });
    ownMs += performance.now() - began;
    if (proposal === null) break;
    const { genome, fidelity = highest } = proposal;
    const row = problem.rowOf(genome)!;
    cost += problem.costs[fidelity]![row]!;
    if (budget !== null && cost > budget) break;
    proposed.add(row);
    done.push({ row, fidelity, cost });
    history.push({
      number,
      genome,
      hash: String(row),
      state: 'complete',
      values: problem.values[fidelity]!.map((column) => column[row]!),
      feasible: true,
      fidelity,
    });
  }
  return { evaluations: done, ownMs };
}
