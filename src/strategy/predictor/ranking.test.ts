/** How well predictors rank architectures they have not seen: NAS-Bench-201 after a hundred trained ones. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProblem } from '../../benchmark/problem.ts';
import { readTable } from '../../benchmark/table.ts';
import { realData } from '../../data/testing/real-data.ts';
import { createRandom } from '../../random.ts';
import { fromArchString, nasBench201 } from '../../space/presets/nasbench201.ts';
import { featureMatrix } from './features.ts';
import { ensemblePredictor, forestPredictor, gaussianProcessPredictor } from './model.ts';
import { normalScores } from './targets.ts';

const { path, absent } = realData('nasbench201');
const TRAINED = 100;
const UNSEEN = 1500;

/** One cell a stage instead of five: the same differences between cells, built in a fifth of the time. */
const space = {
  ...nasBench201({ cells: 1 }),
  table: {
    description: 'The column arch.',
    io: { inputShape: [3, 32, 32] as const, outputs: 10 },
    genome: (row: Readonly<Record<string, string>>) => fromArchString(row.arch!),
  },
};

/** Spearman's rank correlation. */
function spearman(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [normalRanks(a), normalRanks(b)];
  return x.reduce((sum, value, i) => sum + value * y[i]!, 0);
}

/** Mean ranks, centred, of unit length. */
function normalRanks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((i, j) => values[i]! - values[j]!);
  const ranks = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) ranks[order[i]!] = (from + to - 1) / 2;
    from = to;
  }
  const mean = (values.length - 1) / 2;
  const length = Math.hypot(...ranks.map((rank) => rank - mean));
  return ranks.map((rank) => (rank - mean) / length);
}

test.skipIf(absent)(
  `predictors rank unseen cells by ${TRAINED} trained ones${absent ? ' (skipped: no data set nasbench201)' : ''}`,
  () => {
    const problem = createProblem({
      table: readTable(join(path, 'nb201.csv.gz')),
      space,
      signal: { column: 'c10v_val200', better: 'max' },
      report: 'c10_test200',
      cost: null,
      objectives: [],
      lowFidelities: [],
      proxies: [],
    });
    const accuracy = problem.values[0]![0]!;
    const results = { forest: 0, gp: 0, both: 0 };
    const predictors = { forest: forestPredictor, gp: gaussianProcessPredictor, both: ensemblePredictor };
    const seeds = 2;
    for (let seed = 0; seed < seeds; seed++) {
      const random = createRandom(`ranking ${seed}`);
      const rows = random.shuffle([...problem.genomes.keys()]).slice(0, TRAINED + UNSEEN);
      const features = featureMatrix(
        { space, inspect: problem.inspect, proxies: [] },
        rows.map((row) => problem.genomes[row]!),
      );
      const known = Array.from({ length: TRAINED }, (_, i) => i);
      const unseen = Int32Array.from({ length: UNSEEN }, (_, i) => TRAINED + i);
      const targets = normalScores(known.map((i) => accuracy[rows[i]!]!));
      const truth = [...unseen].map((i) => accuracy[rows[i]!]!);
      for (const name of ['forest', 'gp', 'both'] as const) {
        const { mean } = predictors[name](features, known, targets, unseen, random.split(name));
        results[name] += spearman([...mean], truth) / seeds;
      }
    }
    // A Gaussian process on the choices one-hot alone has about 0.74.
    expect(results.forest).toBeGreaterThan(0.82);
    expect(results.gp).toBeGreaterThan(0.82);
    expect(results.both).toBeGreaterThan(0.84);
  },
);
