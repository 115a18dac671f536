/**
 * Regularised evolution against random search on NAS-Bench-201 (Dong & Yang 2020): all 15,625 cells with the accuracy
 * that each reached after 200 epochs on CIFAR-10, so that a hundred trainings are a hundred look-ups.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { realData } from '../data/testing/real-data.ts';
import { nasBench201Cell } from '../network/blocks/nas-bench-201-cell.ts';
import { networkBuilder } from '../network/builder.ts';
import {
  fromArchString,
  type NasBench201Genome,
  nasBench201,
  toArchString,
} from '../space/presets/nasbench201.ts';
import type { SearchSpace } from '../space/space.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import { openStudy } from '../study/study.ts';
import { STRATEGIES } from './index.ts';
import type { Strategy } from './strategy.ts';

const { path, absent } = realData('nasbench201');
const SEEDS = 20;
const TRIALS = 100;

/** One cell instead of fifteen: the same cells are equal to each other, and a network is built in no time. */
const space: SearchSpace = {
  ...nasBench201(),
  build: (genome, io) => {
    const b = networkBuilder(io.inputShape);
    const cell = genome as NasBench201Genome;
    const { edge01, edge02, edge12, edge03, edge13, edge23 } = cell;
    const x = nasBench201Cell(b, b.input, [edge01, edge02, edge12, edge03, edge13, edge23]);
    return b.build([b.linear(b.flatten(b.globalAveragePool(x)), { out: io.outputs })]);
  },
};

function readAccuracies(): ReadonlyMap<string, number> {
  const [head, ...rows] = gunzipSync(readFileSync(join(path, 'nb201.csv.gz')))
    .toString()
    .trim()
    .split('\n');
  const columns = head!.split(',');
  const [arch, accuracy] = [columns.indexOf('arch'), columns.indexOf('c10v_val200')];
  return new Map(
    rows.map((row) => {
      const cells = row.split(',');
      return [toArchString(fromArchString(cells[arch]!)), Number(cells[accuracy]) / 100];
    }),
  );
}

/** The best accuracy among a seed's trials. */
async function bestOf(
  strategy: Strategy,
  seed: number,
  accuracies: ReadonlyMap<string, number>,
): Promise<number> {
  const study = await openStudy(
    {
      space,
      io: { inputShape: [2, 4, 4], outputs: 2 },
      strategy,
      objectives: [{ measure: 'valAccuracy', direction: 'maximise' }],
      constraints: [],
      seed,
      parallelism: 1,
    },
    createMemoryStorage(),
  );
  let best = 0;
  for (let i = 0; i < TRIALS; i++) {
    const { trial } = (await study.ask())!;
    const valAccuracy = accuracies.get(toArchString(trial.genome as NasBench201Genome))!;
    best = Math.max(best, valAccuracy);
    await study.tell(trial.number, { state: 'complete', measures: { valAccuracy }, curve: [], reason: null });
  }
  return best;
}

test.skipIf(absent)(
  `evolution beats random search on NAS-Bench-201 after ${TRIALS} trials${absent ? ' (skipped: no data set nasbench201)' : ''}`,
  async () => {
    const accuracies = readAccuracies();
    expect(accuracies.size).toBe(15_625);
    const results = async (strategy: Strategy): Promise<number[]> => {
      const found: number[] = [];
      for (let seed = 0; seed < SEEDS; seed++) found.push(await bestOf(strategy, seed, accuracies));
      return found;
    };
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    const evolution = await results(STRATEGIES.evolution);
    const random = await results(STRATEGIES.random);
    const wins = evolution.filter((accuracy, seed) => accuracy > random[seed]!).length;
    expect(mean(evolution)).toBeGreaterThan(mean(random));
    expect(wins).toBeGreaterThan(SEEDS / 2);
  },
);
