/** Strategies replayed over many seeds on one table, and what came out in figures. */
import type { Strategy } from '../strategy/strategy.ts';
import type { Problem } from './problem.ts';
import { type Replay, type ReplayOptions, replay } from './replay.ts';
import { bestRow, costToReach, delivered, type Evaluation, hypervolumeRatio, optimum } from './score.ts';

/** Strategies, seeds and the end of each run: evaluations, a budget of cost, or a value to be reached. */
export interface BenchmarkOptions {
  readonly problem: Problem;
  readonly strategies: Readonly<Record<string, Strategy>>;
  /** Points at which a run is judged, ascending; the last is where it ends. Null for another end. */
  readonly evaluations: readonly number[] | null;
  readonly budget: number | null;
  /** See replay.ts. */
  readonly continued: boolean;
  /** Reports whose cost is asked for; without evaluations and budget a run ends at the best of them. */
  readonly reach: readonly number[];
  readonly seeds: number;
  readonly onRun: (strategy: string, seed: number) => void;
  readonly signal: AbortSignal;
  /** Runs that were done elsewhere (shards.ts), by {@link runKey}; all are done here when absent. */
  readonly done?: ReadonlyMap<string, Replay>;
}

export const runKey = (strategy: string, seed: number): string => `${strategy} ${seed}`;

/** A strategy's figures after a number of evaluations, over all seeds. */
export interface BenchmarkResult {
  readonly strategy: string;
  /** Evaluations after which these figures were taken; with another end their mean. */
  readonly evaluations: number;
  readonly seeds: number;
  /** Of the report, over the seeds; sd is the sample's. */
  readonly mean: number;
  readonly sd: number;
  /** Runs that evaluated the row with the best signal. */
  readonly bestShare: number;
  /** Mean over the seeds; null with one objective. */
  readonly hypervolumeRatio: number | null;
  readonly msPerTrial: number;
}

/** Mean regret of a strategy at points of its budget. */
export interface RegretCurve {
  readonly strategy: string;
  /** Evaluations, or cost where these were not limited. */
  readonly at: readonly number[];
  readonly regret: readonly number[];
}

/** What a strategy pays until the row that it would deliver has a given report. */
export interface ReachResult {
  readonly strategy: string;
  readonly report: number;
  /** Runs that got so far. */
  readonly share: number;
  /** Mean over the seeds; a run that did not get so far counts with all that it spent, so that this is a lower bound. */
  readonly cost: number;
  /** Of the cost to the baseline's: the first strategy of the benchmark. */
  readonly ratio: number;
}

/** What replays on a table gave: figures and regret curves of each strategy, and the table's best. */
export interface Benchmark {
  readonly results: readonly BenchmarkResult[];
  readonly reached: readonly ReachResult[];
  readonly curves: readonly RegretCurve[];
  /** Best report of the table, and the report of the row with the best signal. */
  readonly optimum: number;
  readonly bestBySignal: number;
}

const CURVE_POINTS = 60;

/** What is the same for all runs. */
export type RunOptions = Omit<ReplayOptions, 'strategy' | 'seed' | 'signal'>;

type Ends = Pick<BenchmarkOptions, 'problem' | 'evaluations' | 'budget' | 'continued' | 'reach'>;

/** Without evaluations and budget, a run ends at the best report that it is to reach. */
export function runOptions(options: Ends): RunOptions {
  const { problem, evaluations, budget, continued, reach } = options;
  const limit = evaluations?.at(-1) ?? null;
  const farthest = problem.reportBetter === 'max' ? Math.max(...reach) : Math.min(...reach);
  const goal = limit === null && budget === null && reach.length > 0 ? farthest : null;
  return { problem, evaluations: limit, budget, continued, reach: goal };
}

/**
 * Replays every strategy with every seed on a table of evaluated architectures; nothing is trained. The same options
 * give the same figures, whatever runs side by side.
 */
export async function runTableBenchmark(options: BenchmarkOptions): Promise<Benchmark> {
  const { problem, strategies, evaluations, budget, reach, seeds } = options;
  const results: BenchmarkResult[] = [];
  const curves: RegretCurve[] = [];
  const reached: ReachResult[] = [];
  const common = runOptions(options);
  const limit = common.evaluations;
  for (const [name, strategy] of Object.entries(strategies)) {
    const runs: Replay[] = [];
    for (let seed = 0; seed < seeds; seed++) {
      const elsewhere = options.done?.get(runKey(name, seed));
      if (elsewhere !== undefined) {
        runs.push(elsewhere);
        continue;
      }
      runs.push(await replay({ ...common, strategy, seed, signal: options.signal }));
      options.onRun(name, seed);
    }
    const done = runs.map((run) => run.evaluations);
    for (const point of evaluations ?? [null])
      results.push(
        summarise(problem, name, runs, point === null ? done : done.map((d) => d.slice(0, point))),
      );
    curves.push(regretCurve(problem, name, done, limit, budget));
    for (const report of reach) {
      const baseline = reached.find((r) => r.report === report);
      reached.push(reachOf(problem, name, done, report, baseline));
    }
  }
  return {
    results,
    reached,
    curves,
    optimum: optimum(problem),
    bestBySignal: problem.report[bestRow(problem)]!,
  };
}

function summarise(
  problem: Problem,
  strategy: string,
  runs: readonly Replay[],
  done: readonly (readonly Evaluation[])[],
): BenchmarkResult {
  // A run that has found nothing within the bounds yet delivers nothing.
  const reports = done.map((evaluations) => delivered(problem, evaluations)).filter(Number.isFinite);
  const best = bestRow(problem);
  const highest = problem.fidelities.length - 1;
  const found = done.filter((d) => d.some(({ row, fidelity }) => row === best && fidelity === highest));
  const trials = runs.reduce((sum, run) => sum + run.evaluations.length, 0);
  const mean = average(reports);
  const squares = reports.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    strategy,
    evaluations: average(done.map((d) => d.length)),
    seeds: runs.length,
    mean,
    sd: reports.length > 1 ? Math.sqrt(squares / (reports.length - 1)) : 0,
    bestShare: found.length / runs.length,
    hypervolumeRatio: problem.values.at(-1)!.length > 1 ? average(done.map(hypervolumeRatio(problem))) : null,
    msPerTrial: runs.reduce((sum, run) => sum + run.ownMs, 0) / trials,
  };
}

function reachOf(
  problem: Problem,
  strategy: string,
  done: readonly (readonly Evaluation[])[],
  report: number,
  baseline: ReachResult | undefined,
): ReachResult {
  const costs = done.map((evaluations) => costToReach(problem, evaluations, report));
  const cost = average(costs.map((found, i) => found ?? done[i]!.at(-1)?.cost ?? 0));
  const share = costs.filter((found) => found !== null).length / costs.length;
  return { strategy, report, share, cost, ratio: cost / (baseline?.cost ?? cost) };
}

function regretCurve(
  problem: Problem,
  strategy: string,
  done: readonly (readonly Evaluation[])[],
  limit: number | null,
  budget: number | null,
): RegretCurve {
  const end = limit ?? budget ?? Math.max(...done.map((d) => d.at(-1)?.cost ?? 0));
  const best = optimum(problem);
  const at = Array.from({ length: CURVE_POINTS }, (_, i) => ((i + 1) * end) / CURVE_POINTS)
    .map((point) => (limit === null ? point : Math.max(1, Math.round(point))))
    .filter((point, i, all) => point !== all[i - 1]);
  const regret = at.map((point) =>
    average(
      done
        .map((d) => d.filter((e, i) => (limit === null ? e.cost <= point : i < point)))
        .filter((d) => d.length > 0)
        .map((d) => Math.abs(best - delivered(problem, d)))
        .filter(Number.isFinite),
    ),
  );
  return { strategy, at, regret };
}

const average = (values: readonly number[]): number =>
  values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
