import { equalNetworks } from '../../benchmark/equal-networks.ts';
import { type PredictorResult, predictorQuality } from '../../benchmark/predictor-quality.ts';
import { createProblem } from '../../benchmark/problem.ts';
import { replayInShards, serveShard } from '../../benchmark/shards.ts';
import { readTable, rowsWhere } from '../../benchmark/table.ts';
import {
  type BenchmarkResult,
  type ReachResult,
  runOptions,
  runTableBenchmark,
} from '../../benchmark/table-benchmark.ts';
import { checkPlace, writeWhole } from '../../disk.ts';
import { EXIT, fail } from '../../errors.ts';
import { loadStrategy } from '../../search/find-strategy.ts';
import { loadSpace } from '../../search/load-space.ts';
import { type AddCommand, examples } from '../command.ts';
import { tableLines } from '../table.ts';
import { print, statusLine, styler, type Terminal } from '../terminal.ts';
import {
  bound,
  commandLine,
  count,
  counts,
  goal,
  lowFidelity,
  number,
  positive,
  shard,
  split,
  TABLE_HELP,
  type TableFlags,
  withTableFlags,
} from './bench-flags.ts';

export const addBench: AddCommand = (program, { terminal, signal }, finish) => {
  const bench = program
    .command('bench')
    .summary('measure search strategies on tables of evaluated architectures')
    .description('Benchmarks of search strategies.')
    .addHelpText('after', examples('bench table --help'));
  withTableFlags(bench.command('table'))
    .summary('replay searches on a table of evaluated architectures')
    .description(
      'Replays searches on a table of evaluated architectures, over many seeds: a strategy sees the signal of what it ' +
        'proposes, and a run is judged by the report of the row that it would deliver.',
    )
    .addHelpText('after', TABLE_HELP)
    .action(async (flags: TableFlags) => {
      if (flags.plot !== undefined)
        checkPlace({ path: flags.plot, overwrite: flags.overwrite ?? false, flag: '--plot' });
      const space = await loadSpace(flags.space);
      const names = flags.strategy.split(',').map((name) => name.trim());
      const reach = (flags.reach?.split(',') ?? []).map((text) => number('--reach', text));
      // The first is what the costs of the others are related to.
      if (reach.length > 0 && names[0] !== BASELINE)
        names.splice(0, names.length, BASELINE, ...names.filter((name) => name !== BASELINE));
      const strategies = Object.fromEntries(
        await Promise.all(names.map(async (name) => [name, await loadStrategy(name)] as const)),
      );
      const conditions = flags.where.map((text) => {
        const [column, value] = split(text, '--where', 'COLUMN=VALUE', '=');
        return { column, value };
      });
      const table = rowsWhere(readTable(flags.table), conditions);
      const tables = new Map([[flags.table, table]]);
      const tableAt = (path: string) => {
        let found = tables.get(path);
        if (found === undefined) {
          const whole = readTable(path);
          // Scores of several tasks may be in one file, or those of one in a file without the column.
          found = rowsWhere(
            whole,
            conditions.filter(({ column }) => whole.columns.includes(column)),
          );
          tables.set(path, found);
        }
        return found;
      };
      const evaluations = flags.evaluations === undefined ? null : counts('--evaluations', flags.evaluations);
      const budget = flags.budget === undefined ? null : positive('--budget', flags.budget);
      const seeds = count('--seeds', flags.seeds);
      const workers = count('--workers', flags.workers);
      const trained = flags.predictor === undefined ? null : counts('--predictor', flags.predictor);
      if (
        trained === null &&
        (evaluations === null ? budget === null && reach.length === 0 : budget !== null)
      )
        fail('USAGE', {
          what:
            evaluations !== null && budget !== null
              ? 'A replay has one end: --evaluations or --budget, not both'
              : 'A replay needs an end: --evaluations, --budget, or --reach alone',
          hint: 'For example --evaluations 25,50,100, or --budget 12000 with --cost COLUMN, or --reach 94.2.',
        });
      const line = statusLine(terminal);
      const networkOf =
        flags.mergeEqual === true
          ? await equalNetworks(table, space, signal, (share) =>
              line.show(`building networks · ${percent(share)}`),
            )
          : undefined;
      line.clear();
      const target = goal(flags.signal, 'max');
      const report = flags.report ?? target.column;
      const problem = createProblem({
        table,
        space,
        signal: target,
        report,
        cost: flags.cost ?? null,
        objectives: flags.objective.map((text) => goal(text, 'min')),
        lowFidelities: flags.fidelity.map(lowFidelity),
        proxies: flags.proxy.map((text) => {
          const [path, column] = split(text, '--proxy', 'FILE:COLUMN');
          return { table: tableAt(path), column };
        }),
        constraints: flags.constraint.map(bound),
        ...(networkOf === undefined ? {} : { networkOf }),
      });
      const ends = { problem, evaluations, budget, continued: flags.continued ?? false, reach };
      if (flags.shard !== undefined) {
        await serveShard(shard(flags.shard), strategies, seeds, runOptions(ends), signal);
        return;
      }
      if (trained !== null) {
        printPredictors(
          terminal,
          flags,
          await predictorQuality(problem, trained, seeds, signal, (share) =>
            line.show(`features of all networks · ${percent(share)}`),
          ),
        );
        finish(EXIT.ok);
        return;
      }
      const total = seeds * names.length;
      let done = 0;
      const onRun = (strategy: string): void => {
        done++;
        line.show(`${done} of ${total} runs · ${strategy}${done === total ? '\n' : ''}`);
      };
      const onPreparing = (strategy: string, share: number): void =>
        line.show(`${done} of ${total} runs · ${strategy}: features of all networks · ${percent(share)}`);
      const { results, reached, curves, optimum, bestBySignal } = await runTableBenchmark({
        ...ends,
        strategies,
        seeds,
        signal,
        onRun,
        onPreparing,
        ...(workers === 1
          ? {}
          : {
              done: await replayInShards(
                commandLine({ ...flags, strategy: names.join(',') }),
                Math.min(workers, total),
                { onRun, onPreparing },
                signal,
              ),
            }),
      });
      if (flags.plot !== undefined) {
        const { regretPlot } = await import('../../benchmark/regret-plot.ts');
        await writeWhole(
          flags.plot,
          regretPlot(curves, {
            title: `${space.name}, ${seeds} seeds`,
            budget: evaluations !== null ? 'evaluations' : `cost (${flags.cost ?? 'evaluations'})`,
            report,
          }),
        );
      }
      if (flags.json)
        print(terminal, JSON.stringify(reach.length === 0 ? { results } : { results, reached }));
      else {
        const style = styler(terminal.stdout);
        print(
          terminal,
          `${problem.genomes.length} architectures of ${space.name}; best ${report} ${optimum}, ` +
            `of the row with the best ${target.column} ${bestBySignal}`,
          ...problem.leftOut.map((reason) => `left out: ${reason}`),
          ...(problem.feasible.every(Boolean)
            ? []
            : [`within the constraints: ${problem.feasible.filter(Boolean).length}`]),
          '',
          ...tableLines([HEADER.map((text) => style('bold', text)), ...results.map(cells)], 'lrrrrrr'),
          ...(reached.length === 0
            ? []
            : [
                '',
                `Cost until the row that would be delivered has a given ${report}, beside random search's`,
                '',
                ...tableLines(
                  [REACH_HEADER.map((text) => style('bold', text)), ...reached.map(reachCells)],
                  'lrrrr',
                ),
              ]),
          ...(flags.plot === undefined ? [] : ['', `regret curves: ${flags.plot}`]),
        );
      }
      finish(EXIT.ok);
    });
};

const percent = (share: number): string => `${Math.floor(100 * share)} %`;

const BASELINE = 'random';

const HEADER = ['strategy', 'evaluations', 'mean', '± sd', 'found best', 'hypervolume', 'ms a trial'];

const cells = (r: BenchmarkResult): string[] => [
  r.strategy,
  r.evaluations.toFixed(Number.isInteger(r.evaluations) ? 0 : 1),
  r.mean.toFixed(4),
  r.sd.toFixed(4),
  `${(100 * r.bestShare).toFixed(0)} %`,
  r.hypervolumeRatio === null ? '' : r.hypervolumeRatio.toFixed(4),
  r.msPerTrial.toFixed(2),
];

const REACH_HEADER = ['strategy', 'report', 'runs that reached it', 'cost', 'of random'];

function reachCells({ strategy, report, share, cost, ratio }: ReachResult): string[] {
  const bound = share < 1 ? '≥ ' : '';
  return [
    strategy,
    String(report),
    `${(100 * share).toFixed(0)} %`,
    bound + cost.toPrecision(4),
    ratio.toFixed(2),
  ];
}

function printPredictors(
  terminal: Terminal,
  { json }: TableFlags,
  predictors: readonly PredictorResult[],
): void {
  if (json) {
    print(terminal, JSON.stringify({ predictors }));
    return;
  }
  const header = ['model', 'trained', 'seeds', 'Spearman', '± sd'];
  const lines = predictors.map((p) => [
    p.model,
    String(p.trained),
    String(p.seeds),
    p.spearman.toFixed(3),
    p.sd.toFixed(3),
  ]);
  print(
    terminal,
    ...tableLines([header.map((text) => styler(terminal.stdout)('bold', text)), ...lines], 'lrrrr'),
  );
}
