/** One search replayed on a table: the strategy is asked and told as a study does it, one trial at a time. */
import { setImmediate } from 'node:timers/promises';
import { createRandom } from '../random.ts';
import { inSlices } from '../strategy/in-slices.ts';
import type { Observation, Strategy } from '../strategy/strategy.ts';
import { type Problem, requestParts } from './problem.ts';
import { costToReach, type Evaluation } from './score.ts';

export interface ReplayOptions {
  readonly problem: Problem;
  readonly strategy: Strategy;
  readonly seed: string | number;
  /** Evaluations of any fidelity; null for no limit. */
  readonly evaluations: number | null;
  /** Sum of the evaluations' costs; the one that goes beyond does not count. Null for no limit. */
  readonly budget: number | null;
  /** An architecture evaluated again at a higher fidelity goes on from where it was, and pays the difference alone. */
  readonly continued: boolean;
  /** The run ends when the row that it would deliver has this report or a better one; null for no such end. */
  readonly reach: number | null;
  /** Ends the run between two evaluations: the promise then rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Told the share that is done while the strategy works out what it needs once. */
  readonly onPreparing?: (share: number) => void;
}

/** One search replayed on a table. */
export interface Replay {
  /** In the order in which they were done. */
  readonly evaluations: readonly Evaluation[];
  /** The strategy's own time, milliseconds. */
  readonly ownMs: number;
}

export async function replay(options: ReplayOptions): Promise<Replay> {
  const { problem, strategy, seed, evaluations, budget, continued, reach, signal } = options;
  const random = createRandom(seed).split('study');
  const proposed = new Set<number>();
  const parts = requestParts(problem, proposed);
  const highest = problem.fidelities.length - 1;
  const history: Observation[] = [];
  const done: Evaluation[] = [];
  /** What was paid for a row's training so far. */
  const paid = new Map<number, number>();
  let cost = 0;
  let ownMs = 0;
  while (done.length < (evaluations ?? Number.POSITIVE_INFINITY)) {
    // Lets Ctrl-C and the progress bar in.
    await setImmediate();
    signal?.throwIfAborted();
    const number = done.length;
    const began = performance.now();
    const request = { ...parts, history: [...history], running: [], random: random.split('trial', number) };
    await inSlices(strategy.prepare?.(request) ?? [], signal, options.onPreparing);
    const proposal = strategy.suggest(request);
    ownMs += performance.now() - began;
    if (proposal === null) break;
    const { genome, fidelity = highest } = proposal;
    const row = problem.rowOf(genome)!;
    const whole = problem.costs[fidelity]![row]!;
    const before = continued ? (paid.get(row) ?? 0) : 0;
    cost += Math.max(0, whole - before);
    if (budget !== null && cost > budget) break;
    paid.set(row, Math.max(whole, before));
    proposed.add(row);
    done.push({ row, fidelity, cost });
    history.push({
      number,
      genome,
      hash: String(row),
      state: 'complete',
      values: problem.values[fidelity]!.map((column) => column[row]!),
      feasible: problem.feasible[row]!,
      fidelity,
    });
    if (reach !== null && fidelity === highest && costToReach(problem, done, reach) !== null) break;
  }
  return { evaluations: done, ownMs };
}
