/** How well predictors rank architectures they have not seen: NAS-Bench-201 after a hundred trained ones. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProblem } from '../../benchmark/problem.ts';
import { readTable } from '../../benchmark/table.ts';
import { realData } from '../../data/testing/real-data.ts';
import { createRandom } from '../../random.ts';
import { fromArchString, nasBench201 } from '../../space/presets/nasbench201.ts';
import { featureMatrix } from './feature-matrix.ts';
import { rawFeatures } from './features.ts';
import { ensembleModel, forestModel, processModel } from './model.ts';
import { rankCorrelation } from './rank-correlation.ts';
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
    const models = { forest: forestModel, gp: processModel, both: ensembleModel };
    const seeds = 2;
    for (let seed = 0; seed < seeds; seed++) {
      const random = createRandom(`ranking ${seed}`);
      const rows = random.shuffle([...problem.genomes.keys()]).slice(0, TRAINED + UNSEEN);
      const features = featureMatrix(
        space,
        rows.map((row) => rawFeatures({ space, inspect: problem.inspect }, problem.genomes[row]!)),
      );
      const known = Array.from({ length: TRAINED }, (_, i) => i);
      const unseen = Int32Array.from({ length: UNSEEN }, (_, i) => TRAINED + i);
      const targets = normalScores(known.map((i) => accuracy[rows[i]!]!));
      const truth = [...unseen].map((i) => accuracy[rows[i]!]!);
      for (const name of ['forest', 'gp', 'both'] as const) {
        const { mean } = models[name]({ features, known, targets }, random.split(name)).refine(unseen);
        results[name] += rankCorrelation(mean, truth) / seeds;
      }
    }
    // A Gaussian process on the choices one-hot alone has about 0.74.
    expect(results.forest).toBeGreaterThan(0.82);
    expect(results.gp).toBeGreaterThan(0.82);
    expect(results.both).toBeGreaterThan(0.84);
  },
);
