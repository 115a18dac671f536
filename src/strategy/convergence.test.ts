/**
 * Strategies against random search on NAS-Bench-201 (Dong & Yang 2020): all 15,625 cells with the accuracy that each
 * reached after 200 epochs on CIFAR-10, so that a hundred trainings are a hundred look-ups.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createProblem } from '../benchmark/problem.ts';
import { replay } from '../benchmark/replay.ts';
import { delivered } from '../benchmark/score.ts';
import { readTable } from '../benchmark/table.ts';
import { realData } from '../data/testing/real-data.ts';
import { nasBench201 } from '../space/presets/nasbench201.ts';
import { STRATEGIES } from './index.ts';
import type { Strategy } from './strategy.ts';

const { path, absent } = realData('nasbench201');
const SEEDS = 20;
const TRIALS = 100;

describe.skipIf(absent)(`on NAS-Bench-201${absent ? ' (skipped: no data set nasbench201)' : ''}`, () => {
  const problem = absent
    ? null
    : createProblem({
        table: readTable(join(path, 'nb201.csv.gz')),
        space: nasBench201(),
        signal: { column: 'c10v_val200', better: 'max' },
        report: 'c10_test200',
        cost: null,
        objectives: [],
        lowFidelities: [],
        proxies: [],
      });
  const results = (strategy: Strategy): Promise<number[]> =>
    Promise.all(
      Array.from({ length: SEEDS }, async (_, seed) => {
        const { evaluations } = await replay({
          problem: problem!,
          strategy,
          seed,
          evaluations: TRIALS,
          budget: null,
          continued: false,
          reach: null,
        });
        return delivered(problem!, evaluations);
      }),
    );
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const random = absent ? Promise.resolve([]) : results(STRATEGIES.random);

  test('random search is where the literature has it', async () => {
    expect(problem!.genomes).toHaveLength(15_625);
    // Dong & Yang 2020: 93.70 (0.36).
    expect(Math.abs(mean(await random) - 93.7)).toBeLessThan(0.36);
  });

  test.each(['local-search', 'annealing', 'evolution', 'nsga2', 'reinforce', 'tpe'] as const)(
    `%s beats it after ${TRIALS} trials`,
    async (name) => {
      const [found, baseline] = await Promise.all([results(STRATEGIES[name]), random]);
      expect(mean(found)).toBeGreaterThan(mean(baseline));
      expect(found.filter((accuracy, seed) => accuracy > baseline[seed]!).length).toBeGreaterThan(SEEDS / 2);
    },
  );
});
