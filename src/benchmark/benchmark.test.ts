import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { EspalierError } from '../errors.ts';
import type { Genome } from '../space/genome.ts';
import type { SearchSpace } from '../space/space.ts';
import { randomSearch } from '../strategy/random.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { TWELVE } from '../testing/suite-spaces.ts';
import { predictorQuality } from './predictor-quality.ts';
import { createProblem, type Problem, type ProblemOptions } from './problem.ts';
import { regretPlot } from './regret-plot.ts';
import { type Replay, type ReplayOptions, replay } from './replay.ts';
import { costToReach, delivered, hypervolumeRatio } from './score.ts';
import { numericColumn, readTable, rowsWhere } from './table.ts';
import { runKey, runOptions, runTableBenchmark } from './table-benchmark.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-benchmark-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const space: SearchSpace = {
  ...TWELVE,
  table: {
    description: 'The columns hidden and activation.',
    io: { inputShape: [1, 2, 2], outputs: 2 },
    genome: ({ hidden, activation }) =>
      hidden === undefined || activation === undefined ? null : { hidden: Number(hidden), activation },
  },
};

const ACTIVATIONS = ['relu', 'tanh', 'silu'];
/** accuracy 1 … 12, early accuracy its reverse, size and cost by the number of units; a row twice, one without figures. */
const CSV = [
  'index,hidden,activation,accuracy,early,test,size,seconds',
  ...Array.from({ length: 12 }, (_, i) => {
    const hidden = 1 + (i >> 2);
    return `${i},${1 + (i % 4)},${ACTIVATIONS[i % 3]},${i + 1},${12 - i},${50 + i},${hidden * 10},${hidden}`;
  }),
  '12,1,relu,1,12,50,10,1',
  '13,2,tanh,,11,51,10,1',
].join('\n');

const path = join(folder, 'table.csv.gz');
writeFileSync(path, gzipSync(CSV));
const table = readTable(path);

const problemOf = (options: Partial<ProblemOptions> = {}) =>
  createProblem({
    table,
    space,
    signal: { column: 'accuracy', better: 'max' },
    report: 'test',
    cost: null,
    objectives: [],
    lowFidelities: [],
    proxies: [],
    ...options,
  });

/** Proposes the rows in their order, each at the fidelities given. */
const inOrder = (fidelities: readonly number[]): Strategy => ({
  name: 'in-order',
  description: 'In order.',
  suggest: ({ listed, history }) => {
    const genome = listed()![Math.floor(history.length / fidelities.length)];
    return genome === undefined
      ? null
      : { genome, fidelity: fidelities[history.length % fidelities.length]! };
  },
});

const replayed = (problem: Problem, fidelities: readonly number[], options: Partial<ReplayOptions>) =>
  replay({
    problem,
    strategy: inOrder(fidelities),
    seed: 0,
    evaluations: null,
    budget: null,
    continued: false,
    reach: null,
    ...options,
  });

test('a table gives each genome once, and only with all figures', () => {
  const problem = problemOf();
  expect(problem.genomes).toHaveLength(12);
  expect(problem.rowOf({ activation: 'relu', hidden: 1 } as Genome)).toBe(0);
  expect(problem.rowOf({ hidden: 9, activation: 'relu' })).toBeUndefined();
  expect(problem.values[0]![0]![11]).toBe(12);
  expect(problem.leftOut).toEqual(['1 rows lack a value that is asked for', '1 rows repeat an architecture']);
});

test('costs are numbers, columns, or columns times a number', () => {
  expect([...problemOf({ cost: '2.5' }).costs[0]!.slice(0, 2)]).toEqual([2.5, 2.5]);
  expect([...problemOf({ cost: 'seconds' }).costs[0]!.slice(3, 5)]).toEqual([1, 2]);
  expect([...problemOf({ cost: 'seconds*0.5' }).costs[0]!.slice(3, 5)]).toEqual([0.5, 1]);
});

test('a budget ends a run before the evaluation that would go beyond it', async () => {
  const problem = problemOf({ cost: 'seconds' });
  const { evaluations } = await replayed(problem, [0], { budget: 9 });
  // Four rows at 1, then two at 2 make 8; the next would make 10.
  expect(evaluations.map((e) => e.cost)).toEqual([1, 2, 3, 4, 6, 8]);
  expect(delivered(problem, evaluations)).toBe(55);
});

test('only the highest fidelity that a run came to counts as its result', async () => {
  const problem = problemOf({ cost: '3', lowFidelities: [{ signal: 'early', cost: '1' }] });
  expect(problem.fidelities).toEqual([1, 3]);
  const run = async (fidelities: readonly number[], count: number) =>
    (await replayed(problem, fidelities, { evaluations: count })).evaluations;
  // The early signal is best in the first row, the full one in the last.
  expect(delivered(problem, await run([0], 5))).toBe(50);
  expect(delivered(problem, await run([0, 1], 6))).toBe(52);
  expect((await run([0, 1], 4)).map((e) => e.cost)).toEqual([1, 4, 5, 8]);
});

test('an evaluation that goes on pays the difference, of its own architecture alone', async () => {
  const problem = problemOf({ cost: 'seconds*3', lowFidelities: [{ signal: 'early', cost: 'seconds' }] });
  const costs = async (fidelities: readonly number[], continued: boolean) =>
    (await replayed(problem, fidelities, { evaluations: 10, continued })).evaluations.map((e) => e.cost);
  // Each of the first four rows costs 1, then 2 more; the fifth 2, then 4 more.
  expect(await costs([0, 1], true)).toEqual([1, 3, 4, 6, 7, 9, 10, 12, 14, 18]);
  expect(await costs([0, 1], false)).toEqual([1, 4, 5, 8, 9, 12, 13, 16, 18, 24]);
  // What was trained to the end is not paid again, and earns nothing back.
  expect(await costs([1, 0], true)).toEqual([3, 3, 6, 6, 9, 9, 12, 12, 18, 18]);
});

test('a report is reached by what would be delivered at the highest fidelity, and the run may end there', async () => {
  const problem = problemOf({ cost: '3', lowFidelities: [{ signal: 'early', cost: '1' }] });
  const { evaluations: run } = await replayed(problem, [0, 1], { evaluations: 8 });
  // Rows 0 to 3 report 50 to 53, the second evaluation of each being full.
  expect([50, 51.5, 53].map((report) => costToReach(problem, run, report))).toEqual([4, 12, 16]);
  expect(costToReach(problem, run, 54)).toBeNull();
  expect(
    costToReach(
      problem,
      run.filter((e) => e.fidelity === 0),
      50,
    ),
  ).toBeNull();
  expect((await replayed(problem, [0, 1], { reach: 52 })).evaluations).toHaveLength(6);
  // A row with a better report but a worse signal would not be delivered.
  const reversed = problemOf({ signal: { column: 'early', better: 'max' } });
  expect(costToReach(reversed, (await replayed(reversed, [0], {})).evaluations, 51)).toBeNull();
});

test('costs to reach a report are means, and a run that fails counts with what it spent', async () => {
  /** Takes the rows in order; about half of the runs end after four. */
  const half: Strategy = {
    name: 'half',
    description: 'Some runs stop early.',
    suggest: (request) =>
      request.history.length === 4 && request.random.next() < 0.5 ? null : inOrder([0]).suggest(request),
  };
  const { reached } = await runTableBenchmark({
    problem: problemOf(),
    strategies: { ordered: inOrder([0]), half },
    evaluations: null,
    budget: 100,
    continued: false,
    reach: [53, 56],
    seeds: 12,
    signal: new AbortController().signal,
    onRun: () => {},
  });
  const [easy, hard, easyHalf, hardHalf] = reached;
  expect([easy!.cost, easy!.share, easy!.ratio]).toEqual([4, 1, 1]);
  expect([hard!.cost, hard!.share]).toEqual([7, 1]);
  expect([easyHalf!.cost, easyHalf!.ratio]).toEqual([4, 1]);
  expect(hardHalf!.share).toBeGreaterThan(0);
  expect(hardHalf!.share).toBeLessThan(1);
  expect(hardHalf!.cost).toBeCloseTo(7 * hardHalf!.share + 4 * (1 - hardHalf!.share), 10);
  expect(hardHalf!.ratio).toBeCloseTo(hardHalf!.cost / 7, 10);
});

test('the hypervolume ratio is that of unions of boxes', () => {
  const problem = problemOf({ objectives: [{ column: 'size', better: 'min' }] });
  const ratio = hypervolumeRatio(problem);
  const run = (rows: readonly number[]) => ratio(rows.map((row) => ({ row, fidelity: 0, cost: 1 })));
  // Scaled: accuracy (v−1)/11, size 30 → 0, 20 → ½, 10 → 1. The front: (3/11, 1), (7/11, ½), (1, 0).
  const whole = 3 / 11 + (4 / 11) * 0.5;
  expect(run([...problem.genomes.keys()])).toBeCloseTo(1, 6);
  expect(run([3])).toBeCloseTo(3 / 11 / whole, 6);
  expect(run([3, 7])).toBeCloseTo(1, 6);
  expect(run([4, 5])).toBeCloseTo(((5 / 11) * 0.5) / whole, 6);
});

test('results are means over the seeds, and curves end at no regret where all is evaluated', async () => {
  const { results, curves, optimum } = await runTableBenchmark({
    problem: problemOf(),
    strategies: { ordered: inOrder([0]) },
    evaluations: [3, 12],
    budget: null,
    continued: false,
    reach: [],
    seeds: 4,
    signal: new AbortController().signal,
    onRun: () => {},
  });
  expect(optimum).toBe(61);
  expect(results.map(({ msPerTrial: _, ...rest }) => rest)).toEqual([
    { strategy: 'ordered', evaluations: 3, seeds: 4, mean: 52, sd: 0, bestShare: 0, hypervolumeRatio: null },
    { strategy: 'ordered', evaluations: 12, seeds: 4, mean: 61, sd: 0, bestShare: 1, hypervolumeRatio: null },
  ]);
  expect(curves[0]!.regret.at(0)).toBe(11);
  expect(curves[0]!.regret.at(-1)).toBe(0);
  const svg = regretPlot(curves, { title: 'a & b', budget: 'evaluations', report: 'test' });
  expect(svg).toMatch(/^<svg[\s\S]*a &amp; b[\s\S]*<\/svg>$/);
});

test('rows that measure one architecture again count by their mean, also as proxies', () => {
  const again = join(folder, 'again.csv');
  writeFileSync(again, 'hidden,activation,accuracy,test\n1,relu,1,5\n2,relu,9,1\n1,relu,2,8\n');
  const repeated = readTable(again);
  const problem = problemOf({ table: repeated });
  expect([...problem.values[0]![0]!]).toEqual([1.5, 9]);
  expect([...problem.report]).toEqual([6.5, 1]);
  expect(problem.leftOut).toEqual(['1 rows measure an architecture again; the mean of its rows counts']);
  const { proxies, genomes } = problemOf({ proxies: [{ table: repeated, column: 'test' }] });
  expect(proxies[0]!.score(genomes[0]!)).toBe(6.5);
});

test('a replay that is told to end rejects with the reason', async () => {
  const reason = new Error('enough');
  await expect(
    replayed(problemOf(), [0], { evaluations: 5, signal: AbortSignal.abort(reason) }),
  ).rejects.toBe(reason);
});

test('proxies are matched by index', () => {
  const other = join(folder, 'proxies.csv');
  writeFileSync(other, 'index,score\n11,5\n0,7\n');
  const problem = problemOf({ proxies: [{ table: readTable(other), column: 'score' }] });
  const { score } = problem.proxies[0]!;
  expect([0, 5, 11].map((row) => score(problem.genomes[row]!))).toEqual([7, Number.NaN, 5]);
});

test('proxies without an index are matched by architecture', () => {
  const other = join(folder, 'by-genome.csv');
  writeFileSync(other, 'hidden,activation,score\n4,silu,5\n1,relu,7\n1,relu,7\n');
  const problem = problemOf({ proxies: [{ table: readTable(other), column: 'score' }] });
  const { score } = problem.proxies[0]!;
  expect([0, 5, 11].map((row) => score(problem.genomes[row]!))).toEqual([7, Number.NaN, 5]);
});

const damaged = join(folder, 'damaged.csv.gz');
writeFileSync(damaged, Uint8Array.of(0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
const tasks = join(folder, 'tasks.csv');
writeFileSync(
  tasks,
  [
    'task,hidden,activation,accuracy,test',
    'a,1,relu,1,5',
    'b,1,relu,2,6',
    'a,2,relu,3,7',
    'b,2,relu,0,8',
  ].join('\n'),
);

test('one of several tasks in a table is chosen by a column', () => {
  const rows = rowsWhere(readTable(tasks), [{ column: 'task', value: 'b' }]);
  const problem = problemOf({ table: rows });
  expect([...problem.values[0]![0]!]).toEqual([2, 0]);
});

test('what breaks a bound is not delivered, nor the best', async () => {
  const problem = problemOf({ constraints: [{ column: 'size', sense: '<=', bound: 20 }] });
  expect(problem.feasible.filter(Boolean)).toHaveLength(8);
  const { evaluations } = await replayed(problem, [0], { evaluations: 12 });
  expect(delivered(problem, evaluations)).toBe(57);
  expect(
    delivered(
      problemOf({ constraints: [{ column: 'size', sense: '>=', bound: 20 }] }),
      evaluations.slice(0, 4),
    ),
  ).toBeNaN();
  const seen: boolean[] = [];
  const spy: Strategy = {
    ...inOrder([0]),
    suggest: (request) => {
      seen.splice(0, seen.length, ...request.history.map((o) => o.feasible));
      return inOrder([0]).suggest(request);
    },
  };
  const { results, optimum } = await runTableBenchmark({
    problem,
    strategies: { spy },
    evaluations: [12],
    budget: null,
    continued: false,
    reach: [],
    seeds: 1,
    signal: new AbortController().signal,
    onRun: () => {},
  });
  expect(optimum).toBe(57);
  expect(results[0]).toMatchObject({ mean: 57, bestShare: 1 });
  expect(seen).toEqual([...Array(8).fill(true), ...Array(3).fill(false)]);
});

test('runs done elsewhere count as those done here', async () => {
  const common = { problem: problemOf(), evaluations: [6], budget: null, continued: false, reach: [] };
  const run = (done?: ReadonlyMap<string, Replay>) =>
    runTableBenchmark({
      ...common,
      strategies: { random: randomSearch },
      seeds: 4,
      signal: new AbortController().signal,
      onRun: () => {},
      ...(done === undefined ? {} : { done }),
    });
  const elsewhere = new Map<string, Replay>();
  for (const seed of [3, 1])
    elsewhere.set(
      runKey('random', seed),
      await replay({ ...runOptions(common), strategy: randomSearch, seed }),
    );
  const [here, mixed] = [await run(), await run(elsewhere)];
  expect({ ...mixed.results[0], msPerTrial: 0 }).toEqual({ ...here.results[0], msPerTrial: 0 });
  expect(mixed.curves).toEqual(here.curves);
});

test('the quality of predictors is a rank correlation with what they have not seen', async () => {
  const found = await predictorQuality(problemOf(), [8, 50], 2, new AbortController().signal);
  expect(found.map(({ model, trained }) => [model, trained])).toEqual([
    ['both', 8],
    ['process', 8],
    ['forest', 8],
  ]);
  for (const { spearman } of found) expect(Math.abs(spearman)).toBeLessThanOrEqual(1);
});

test.each<[string, () => unknown, RegExp]>([
  [
    'rows of one architecture that disagree',
    () => problemOf({ table: readTable(tasks) }),
    /rows 1 and 2 are of one architecture, and their "accuracy" differs; choose .*--where task=a\|b/,
  ],
  [
    'a condition that no row meets',
    () => rowsWhere(readTable(tasks), [{ column: 'task', value: 'c' }]),
    /no row has task=c; task is one of a, b/,
  ],
  [
    'bounds that no row keeps',
    () => problemOf({ constraints: [{ column: 'size', sense: '<=', bound: 1 }] }),
    /no row keeps within the constraints/,
  ],
  [
    'a missing file',
    () => readTable(join(folder, 'none.csv')),
    /none\.csv cannot be used: there is no such file/,
  ],
  ['a folder in place of a file', () => readTable(folder), /cannot be used: EISDIR/],
  ['a damaged archive', () => readTable(damaged), /damaged\.csv\.gz cannot be used: ./],
  [
    'a column that is not there',
    () => numericColumn(table, 'accurracy'),
    /no column "accurracy", but index, hidden/,
  ],
  ['a space without a rule', () => problemOf({ space: TWELVE }), /"twelve" does not say/],
  [
    'columns without what the rule needs',
    () => {
      const bare = join(folder, 'bare.csv');
      writeFileSync(bare, 'accuracy,test\n1,2\n');
      return problemOf({ table: readTable(bare) });
    },
    /cannot find its genomes: The columns hidden and activation/,
  ],
  [
    'ragged rows',
    () => {
      const ragged = join(folder, 'ragged.csv');
      writeFileSync(ragged, 'a,b\n1,2\n1,2,3\n');
      return readTable(ragged);
    },
    /ragged\.csv cannot be used/,
  ],
])('%s is an error that says so', (_, action, message) => {
  expect(action).toThrow(EspalierError);
  expect(action).toThrow(message);
});
