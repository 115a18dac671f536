import { expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { createCandidates } from '../study/candidates.ts';
import { NESTED } from '../testing/suite-spaces.ts';
import { roundOf } from './brackets.ts';
import { STRATEGIES } from './index.ts';
import type { Observation, Strategy } from './strategy.ts';

/** Runs a strategy with one worker; a trial's value is its genome's own, the same at every fidelity. */
function run(
  strategy: Strategy,
  count: number,
  objectives = 1,
  feasible = (_: number) => true,
): Observation[] {
  const candidates = createCandidates(NESTED, { inputShape: [1, 2, 2], outputs: 2 }, []);
  const history: Observation[] = [];
  for (let number = 0; number < count; number++) {
    const { genome, fidelity = 2 } = strategy.suggest({
      space: NESTED,
      history: [...history],
      running: [],
      objectives,
      fidelities: [1, 3, 9],
      proxies: [],
      random: createRandom('fidelity').split(number),
      accept: candidates.accept,
      inspect: candidates.of,
      listed: candidates.listed,
      draw: candidates.draw,
    })!;
    const { hash } = candidates.of(genome)!;
    candidates.propose(hash);
    const own = createRandom(hash);
    const values = Array.from({ length: objectives }, () => own.next());
    history.push({
      number,
      genome,
      hash,
      state: 'complete',
      values,
      feasible: feasible(values[0]!),
      fidelity,
    });
  }
  return history;
}

const at = (history: readonly Observation[], level: number) => history.filter((o) => o.fidelity === level);
const best = (trials: readonly Observation[], count: number): Set<string> =>
  new Set(
    [...trials]
      .sort((a, b) => b.values![0]! - a.values![0]!)
      .slice(0, count)
      .map((o) => o.hash),
  );

test('successive halving runs nine, three and one, the best of each rung', () => {
  const history = run(STRATEGIES['successive-halving'], 26);
  for (const bracket of [history.slice(0, 13), history.slice(13)]) {
    expect(bracket.map((o) => o.fidelity)).toEqual([...Array(9).fill(0), 1, 1, 1, 2]);
    const [low, middle, high] = [0, 1, 2].map((level) => at(bracket, level));
    expect(new Set(middle!.map((o) => o.hash))).toEqual(best(low!, 3));
    expect(new Set(high!.map((o) => o.hash))).toEqual(best(low!, 1));
  }
});

test("Hyperband's brackets are those of the paper for a ratio of 3 and 9 units", () => {
  // Li et al. 2018: n = ⌈(s_max + 1) / (s + 1) · η^s⌉ configurations with r = R·η^-s units each.
  expect(roundOf(3)).toEqual([
    { first: 0, sizes: [9, 3, 1] },
    { first: 1, sizes: [5, 1] },
    { first: 2, sizes: [3] },
  ]);
  const levels = run(STRATEGIES.hyperband, 22).map((o) => o.fidelity);
  expect(levels).toEqual([...Array(9).fill(0), 1, 1, 1, 2, 1, 1, 1, 1, 1, 2, 2, 2, 2]);
});

test('asynchronous halving promotes as soon as a third of a rung allows it', () => {
  const history = run(STRATEGIES.asha, 60);
  // After three trials the best of them goes on at once.
  expect(history.slice(0, 4).map((o) => o.fidelity)).toEqual([0, 0, 0, 1]);
  expect([...best(history.slice(0, 3), 1)]).toEqual([history[3]!.hash]);
  const [low, middle, high] = [0, 1, 2].map((level) => at(history, level).length);
  expect(middle).toBeGreaterThanOrEqual(Math.floor(low! / 3));
  expect(high).toBeGreaterThanOrEqual(Math.floor(middle! / 3));
  expect(low! + middle! + high!).toBe(60);
});

test('with bounds, feasible networks go on before better ones that break them', () => {
  const history = run(STRATEGIES.asha, 60, 1, (value) => value < 0.5);
  const share = (trials: readonly Observation[]) => trials.filter((o) => o.feasible).length / trials.length;
  expect(share(at(history, 1))).toBeGreaterThan(share(at(history, 0)) + 0.2);
});

test('with two objectives the front of a rung goes on', () => {
  const history = run(STRATEGIES.asha, 80, 2);
  const ends = (trials: readonly Observation[], k: number) => Math.max(...trials.map((o) => o.values![k]!));
  for (const k of [0, 1]) expect(ends(at(history, 1), k)).toBe(ends(at(history, 0), k));
});

test('of two objectives the first has two of three promotions of moasha, the front the others', () => {
  const history = run(STRATEGIES.moasha, 120, 2);
  const [low, middle] = [at(history, 0), at(history, 1)];
  const byFirst = best(low, Math.ceil(low.length / 3));
  const share = (trials: readonly Observation[]) =>
    trials.filter(({ hash }) => byFirst.has(hash)).length / trials.length;
  expect(share(middle)).toBeGreaterThan(0.6);
  expect(share(middle)).toBeLessThan(1);
  // The end of the second objective goes on too.
  const highest = (trials: readonly Observation[]) => Math.max(...trials.map((o) => o.values![1]!));
  expect(highest(middle)).toBe(highest(low));
  const asha = run(STRATEGIES.asha, 120, 2);
  const bestOfAsha = best(at(asha, 0), Math.ceil(at(asha, 0).length / 3));
  const ofAsha = at(asha, 1).filter(({ hash }) => bestOfAsha.has(hash)).length / at(asha, 1).length;
  expect(share(middle)).toBeGreaterThan(ofAsha);
});
