/** Drives a strategy as a study does, but by hand, so that a test sees and shapes every request. */
import assert from 'node:assert/strict';
import type { NetworkIO } from '../network/network.ts';
import { createRandom } from '../random.ts';
import type { Genome } from '../space/genome.ts';
import type { SearchSpace } from '../space/space.ts';
import { validateGenome } from '../space/validation.ts';
import type {
  Observation,
  RunningTrial,
  Strategy,
  SuggestRequest,
  ZeroCostProxy,
} from '../strategy/strategy.ts';
import { createCandidates } from '../study/candidates.ts';
import type { Constraint } from '../study/trial.ts';

/** What became of a trial. */
export type Result = Pick<Observation, 'state' | 'values' | 'feasible' | 'violation' | 'margin'>;

export interface Scenario {
  readonly space: SearchSpace;
  readonly strategy: Strategy;
  readonly objectives?: number;
  /** `[1]` by default. */
  readonly fidelities?: readonly number[];
  readonly constraints?: readonly Constraint[];
  readonly proxies?: readonly ZeroCostProxy[];
  /** What networks are built for; tiny by default. */
  readonly io?: NetworkIO;
  /** Trials whose results the strategy does not see yet; 0 by default. */
  readonly delay?: number;
  /** Shows the running trials from the latest to the oldest. */
  readonly reverseRunning?: boolean;
  readonly seed?: string;
  /** `pick` is in 0 … 1 and the trial's own. */
  readonly result?: (number: number, pick: number) => Result;
}

export interface Driven {
  readonly genomes: readonly Genome[];
  readonly requests: readonly SuggestRequest[];
}

export const completeWith = (...values: readonly number[]): Result => ({
  state: 'complete',
  values,
  feasible: true,
});

/** A request that a strategy cannot change without an error. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}

/** The request again, with its random stream from the start. */
export const again = (request: SuggestRequest, seed = 'suite'): SuggestRequest => ({
  ...request,
  random: streamOf(seed, request.history.length + request.running.length),
});

const streamOf = (seed: string, number: number) => createRandom(seed).split('trial', number);

/** Asks for up to `count` trials and checks each: valid, acceptable, never twice. Ends early when the strategy gives null. */
export function drive(scenario: Scenario, count: number): Driven {
  const {
    space,
    strategy,
    objectives = 1,
    fidelities = [1],
    constraints = [],
    proxies = [],
    io = { inputShape: [1, 2, 2], outputs: 2 },
    delay = 0,
    reverseRunning = false,
    seed = 'suite',
  } = scenario;
  const result = scenario.result ?? ((_, pick) => completeWith(...new Array<number>(objectives).fill(pick)));
  const candidates = createCandidates(space, io, constraints);
  const proposed: RunningTrial[] = [];
  const requests: SuggestRequest[] = [];
  for (let number = 0; number < count; number++) {
    const known = Math.max(0, number - delay);
    const history = proposed.slice(0, known).map((trial) => ({
      ...trial,
      ...result(trial.number, createRandom('result').split(trial.number).next()),
    }));
    const request: SuggestRequest = {
      space,
      history: frozen(history),
      running: frozen(reverseRunning ? proposed.slice(known).reverse() : proposed.slice(known)),
      objectives,
      random: streamOf(seed, number),
      fidelities,
      proxies,
      accept: candidates.accept,
      inspect: candidates.of,
      listed: candidates.listed,
      draw: candidates.draw,
    };
    requests.push(request);
    const proposal = strategy.suggest(request);
    if (proposal === null) break;
    const { genome, fidelity = fidelities.length - 1 } = proposal;
    validateGenome(space, genome);
    assert.ok(fidelity in fidelities, `trial ${number}: there is no fidelity ${fidelity}`);
    const { hash } = candidates.of(genome)!;
    const before = proposed.filter((trial) => trial.hash === hash);
    assert.ok(
      before.length > 0 ? before.every((t) => t.fidelity < fidelity) : candidates.accept(genome),
      `trial ${number}: the genome is not acceptable: ${JSON.stringify(genome)}`,
    );
    candidates.propose(hash);
    proposed.push({ number, genome, hash, fidelity });
  }
  return { genomes: proposed.map((trial) => trial.genome), requests };
}
