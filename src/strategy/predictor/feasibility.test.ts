import { expect, test } from 'vitest';
import { createRandom } from '../../random.ts';
import type { Genome } from '../../space/genome.ts';
import { createCandidates } from '../../study/candidates.ts';
import { NESTED } from '../../testing/suite-spaces.ts';
import { STRATEGIES } from '../index.ts';
import type { Observation, Strategy } from '../strategy.ts';
import { constrained } from './feasibility.ts';

const TRIALS = 28;
const LATER = 14;

/** Nanoseconds, say: what is measured only in a trial. Half of all networks are over the bound. */
function latency(genome: Genome): number {
  const { layers, taps } = genome as { layers: readonly { width: number }[]; taps: readonly string[] };
  return layers.reduce((sum, { width }) => sum + width, 0) + 2 * taps.length;
}
const BOUND = 10;

/** How many of the later trials were pruned for their latency. */
function wasted(strategy: Strategy, seed: number): number {
  const candidates = createCandidates(NESTED, { inputShape: [1, 2, 2], outputs: 2 }, []);
  const history: Observation[] = [];
  for (let number = 0; number < TRIALS; number++) {
    const proposal = strategy.suggest({
      space: NESTED,
      history,
      running: [],
      objectives: 1,
      fidelities: [1],
      proxies: [],
      random: createRandom(seed).split(number),
      accept: candidates.accept,
      inspect: candidates.of,
      listed: candidates.listed,
      draw: candidates.draw,
    })!;
    const { genome, hash } = candidates.of(proposal.genome)!;
    candidates.propose(hash);
    const margin = Math.log(latency(genome) / BOUND);
    const over = margin > 0;
    history.push({
      number,
      genome,
      hash,
      fidelity: 0,
      state: over ? 'pruned' : 'complete',
      // What is slow is good: the search is drawn over the bound.
      values: over ? null : [latency(genome)],
      feasible: !over,
      violation: Math.max(0, margin),
      margin,
    });
  }
  return history.slice(LATER).filter((o) => !o.feasible).length;
}

test.each(['gp', 'forest'] as const)('%s learns where bounds lie from what was never trained', (name) => {
  const mean = (strategy: Strategy): number =>
    [1, 2].reduce((sum, seed) => sum + wasted(strategy, seed), 0) / 2;
  expect(mean(STRATEGIES[name])).toBeLessThan(0.6 * mean(STRATEGIES.random));
});

test('a worth below zero does not gain by being improbable', () => {
  const [low, middle, high] = constrained(Float64Array.of(-2, -1, 1), Float64Array.of(1, 0.9, 0.01));
  expect(middle).toBeGreaterThan(low!);
  expect(middle).toBeGreaterThan(high!);
});
