/** Strategies replayed over many seeds on one table, and what came out in figures. */
import type { Strategy } from '../strategy/strategy.ts';
import type { Problem } from './problem.ts';
import { type Replay, type ReplayOptions, replay } from './replay.ts';
import { bestRow, costToReach, delivered, type Evaluation, hypervolumeRatio, optimum } from './score.ts';

/** Strategies, seeds and the end of each run: evaluations, a budget of cost, or a value to be reached. */
export interface BenchmarkOptions {
  /** What is searched. */
  readonly problem: Problem;
  /** By the name that the results have; the first is the baseline of `ReachResult.ratio`. */
  readonly strategies: Readonly<Record<string, Strategy>>;
  /**
   * Points at which a run is judged, ascending, in evaluations of any fidelity; the last is where it ends. Null for
   * another end.
   */
  readonly evaluations: readonly number[] | null;
  /**
   * Cost at which a run ends, in the problem's unit; the evaluation that goes beyond does not count. Null for no
   * limit.
   */
  readonly budget: number | null;
  /**
   * Whether an architecture that is evaluated again at a higher fidelity goes on from where it was, and pays the
   * difference alone.
   */
  readonly continued: boolean;
  /** Reports whose cost is asked for; without evaluations and budget a run ends at the best of them. */
  readonly reach: readonly number[];
  /** Runs of each strategy, with the seeds 0 … seeds − 1. */
  readonly seeds: number;
  /** Called after each run. */
  readonly onRun: (strategy: string, seed: number) => void;
  /** Told the share that is done while a strategy works out what it needs once, such as the features of all rows. */
  readonly onPreparing?: (strategy: string, share: number) => void;
  /** Ends the benchmark between two evaluations. */
  readonly signal: AbortSignal;
  /** Runs that were done elsewhere (shards.ts), by {@link runKey}; all are done here when absent. */
  readonly done?: ReadonlyMap<string, Replay>;
}

export const runKey = (strategy: string, seed: number): string => `${strategy} ${seed}`;

/** A strategy's figures after a number of evaluations, over all seeds. */
export interface BenchmarkResult {
  /** Its name among the options'. */
  readonly strategy: string;
  /** Evaluations after which these figures were taken; with another end their mean. */
  readonly evaluations: number;
  /** Runs. */
  readonly seeds: number;
  /**
   * Of the report of what a run would deliver, in the report's unit, over the seeds that deliver something; NaN where
   * none does.
   */
  readonly mean: number;
  /** Their sample standard deviation; 0 of a single one. */
  readonly sd: number;
  /** Share of the runs that evaluated the row with the best signal at the highest fidelity, 0..1. */
  readonly bestShare: number;
  /**
   * Hypervolume of the evaluations to that of the exact front (Zitzler and Thiele 1999), each objective scaled to its
   * range over the table, 0..1; mean over the seeds; null with one objective.
   */
  readonly hypervolumeRatio: number | null;
  /** The strategy's own time for a suggestion, milliseconds. */
  readonly msPerTrial: number;
}

/** Mean regret of a strategy at points of its budget. */
export interface RegretCurve {
  /** Its name among the options'. */
  readonly strategy: string;
  /** Evaluations, or cost where these were not limited; up to sixty points. */
  readonly at: readonly number[];
  /**
   * Mean distance of what a run would deliver then to the table's best report; NaN where no run delivers anything
   * yet.
   */
  readonly regret: readonly number[];
}

/** What a strategy pays until the row that it would deliver has a given report. */
export interface ReachResult {
  /** Its name among the options'. */
  readonly strategy: string;
  /** What was to be reached. */
  readonly report: number;
  /** Share of the runs that got so far, 0..1. */
  readonly share: number;
  /**
   * In the problem's unit, mean over the seeds; a run that did not get so far counts with all that it spent, so that
   * this is a lower bound.
   */
  readonly cost: number;
  /** Of the cost to the baseline's: the first strategy of the benchmark. */
  readonly ratio: number;
}

/** What replays on a table gave: figures and regret curves of each strategy, and the table's best. */
export interface Benchmark {
  /** Of each strategy at each point of its evaluations. */
  readonly results: readonly BenchmarkResult[];
  /** Of each strategy for each report asked for. */
  readonly reached: readonly ReachResult[];
  /** Of each strategy. */
  readonly curves: readonly RegretCurve[];
  /** Best report of the table, among rows within the bounds. */
  readonly optimum: number;
  /** Report of the row with the best signal. */
  readonly bestBySignal: number;
}

const CURVE_POINTS = 60;

/** What is the same for all runs. */
export type RunOptions = Omit<ReplayOptions, 'strategy' | 'seed' | 'signal' | 'onPreparing'>;

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
 * give the same figures (but for times), whatever runs side by side. Without evaluations, budget and reports to
 * reach, a run ends where its strategy has nothing more to suggest.
 * @throws what the signal was aborted with
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
      runs.push(
        await replay({
          ...common,
          strategy,
          seed,
          signal: options.signal,
          onPreparing: (share) => options.onPreparing?.(name, share),
        }),
      );
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
