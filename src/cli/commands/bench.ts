import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { createProblem, type Goal, type LowFidelity } from '../../benchmark/problem.ts';
import { regretPlot } from '../../benchmark/regret-plot.ts';
import { readTable } from '../../benchmark/table.ts';
import {
  type BenchmarkResult,
  type ReachResult,
  runTableBenchmark,
} from '../../benchmark/table-benchmark.ts';
import { EXIT, fail } from '../../errors.ts';
import { findStrategy } from '../../search/find-strategy.ts';
import { loadSpace } from '../../search/load-space.ts';
import { type AddCommand, examples } from '../command.ts';
import { tableLines } from '../table.ts';
import { print, styler } from '../terminal.ts';

interface TableFlags {
  readonly table: string;
  readonly space: string;
  readonly signal: string;
  readonly report?: string;
  readonly cost?: string;
  readonly proxy: readonly string[];
  readonly objective: readonly string[];
  readonly fidelity: readonly string[];
  readonly strategy: string;
  readonly evaluations?: string;
  readonly budget?: string;
  readonly continued?: boolean;
  readonly reach?: string;
  readonly seeds: string;
  readonly plot?: string;
  readonly json?: boolean;
}

const collect = (value: string, before: readonly string[]): string[] => [...before, value];

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
    .addHelpText('after', HELP)
    .action(async (flags: TableFlags) => {
      const space = await loadSpace(flags.space);
      const names = flags.strategy.split(',').map((name) => name.trim());
      const reach = (flags.reach?.split(',') ?? []).map((text) => number('--reach', text));
      // The first is what the costs of the others are related to.
      if (reach.length > 0 && names[0] !== BASELINE)
        names.splice(0, names.length, BASELINE, ...names.filter((name) => name !== BASELINE));
      const strategies = Object.fromEntries(names.map((name) => [name, findStrategy(name)]));
      const table = readTable(flags.table);
      const tables = new Map([[flags.table, table]]);
      const tableAt = (path: string) => {
        const found = tables.get(path) ?? readTable(path);
        tables.set(path, found);
        return found;
      };
      const evaluations = flags.evaluations === undefined ? null : points(flags.evaluations);
      const budget = flags.budget === undefined ? null : positive('--budget', flags.budget);
      if (evaluations === null ? budget === null && reach.length === 0 : budget !== null)
        fail('USAGE', {
          what: 'A replay needs an end: --evaluations, --budget, or --reach alone',
          hint: 'For example --evaluations 25,50,100, or --budget 12000 with --cost COLUMN, or --reach 94.2.',
        });
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
      });
      const seeds = positive('--seeds', flags.seeds);
      const total = seeds * names.length;
      let done = 0;
      const { results, reached, curves, optimum, bestBySignal } = await runTableBenchmark({
        problem,
        strategies,
        evaluations,
        budget,
        continued: flags.continued ?? false,
        reach,
        seeds,
        signal,
        onRun: (strategy) => {
          done++;
          if (terminal.stderr.isTTY)
            terminal.stderr.write(
              `\r\x1b[K${done} of ${total} runs · ${strategy}${done === total ? '\n' : ''}`,
            );
        },
      });
      if (flags.plot !== undefined)
        writeFileSync(
          flags.plot,
          regretPlot(curves, {
            title: `${space.name}, ${seeds} seeds`,
            budget: evaluations !== null ? 'evaluations' : `cost (${flags.cost ?? 'evaluations'})`,
            report,
          }),
        );
      if (flags.json)
        print(terminal, JSON.stringify(reach.length === 0 ? { results } : { results, reached }));
      else {
        const style = styler(terminal.stdout);
        print(
          terminal,
          `${problem.genomes.length} architectures of ${space.name}; best ${report} ${optimum}, ` +
            `of the row with the best ${target.column} ${bestBySignal}`,
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

const withTableFlags = (command: Command): Command =>
  command
    .requiredOption('--table <file>', 'CSV, gzipped or not; a row for each architecture')
    .requiredOption('--space <name>', 'the space of the rows: a preset or a module with a table rule')
    .requiredOption('--signal <column[:min]>', 'what the strategy is told of a row')
    .option('--report <column>', 'what a run is judged by (the signal itself by default)')
    .option('--cost <column>', 'what an evaluation costs: a number, a column or column*factor (1 by default)')
    .option('--proxy <file:column>', 'a cheap score that strategies may use; may be repeated', collect, [])
    .option('--objective <column:min|max>', 'a further objective; may be repeated', collect, [])
    .option('--fidelity <column=cost>', 'a cheaper signal and its cost; from cheap to dear', collect, [])
    .option('--strategy <names>', 'strategies, separated by commas', 'auto,random')
    .option('--evaluations <counts>', 'how many evaluations; several counts judge a run on its way')
    .addOption(new Option('--budget <cost>', 'the sum of costs that a run may spend'))
    .option('--continued', 'at a higher fidelity an architecture pays only what its training goes on for')
    .option('--reach <reports>', 'print what each strategy pays to reach these reports, beside random search')
    .option('--seeds <count>', 'runs of each strategy', '20')
    .option('--plot <file.svg>', 'draw the mean regret over the budget')
    .option('--json', 'results as one line of JSON');

const HELP =
  examples(
    'bench table --table nb201.csv.gz --space nasbench201 --signal c10v_val200 --report c10_test200 --strategy auto,random --evaluations 50,100 --seeds 50',
    'bench table --table nb201.csv.gz --space nasbench201 --signal c10v_val12 --report c10_test200 --cost c10v_train_time200_s*0.06 --budget 12000 --strategy auto,evolution',
    'bench table --table nb101.csv.gz --space nasbench101 --signal val_acc_108 --cost 108 --fidelity val_acc_4=4 --fidelity val_acc_12=12 --fidelity val_acc_36=36 --strategy asha,bohb --continued --reach 0.94,0.945',
    'bench table --table nb201.csv.gz --space nasbench201 --signal c10v_val200 --objective c10_pixel3_latency_ms:min --strategy nsga2 --evaluations 100',
  ) +
  '\n\nA lower fidelity is paid in full, also when the same network is evaluated again at a higher one, unless --continued' +
  '\nis given. With --reach alone a run ends when it has reached the best; with another end too, a run that does not' +
  '\nreach a report counts with all that it spent, and the cost is marked ≥.' +
  '\nHypervolumes are relative to the exact front, objectives scaled to the table, the worst value as reference.';

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

function number(flag: string, text: string): number {
  if (text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  return fail('USAGE', { what: `${flag} ${text} is not a number`, hint: `Write ${flag} 0.94,0.945.` });
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  return fail('USAGE', { what: `${flag} ${text} is not a number above 0`, hint: `Write ${flag} 100.` });
}

/** `25,50,100`, ascending. */
function points(text: string): number[] {
  return text
    .split(',')
    .map((part) => Math.round(positive('--evaluations', part)))
    .sort((a, b) => a - b);
}

function goal(text: string, otherwise: Goal['better']): Goal {
  const match = /^(.*?)(?::(min|max))?$/.exec(text)!;
  return { column: match[1]!, better: (match[2] as Goal['better'] | undefined) ?? otherwise };
}

/** Splits at the last colon: a path may hold others. */
function split(text: string, flag: string, form: string, mark = ':'): [string, string] {
  const at = text.lastIndexOf(mark);
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)];
  return fail('USAGE', {
    what: `${flag} ${text} is not of the form ${form}`,
    hint: `Write ${flag} ${form}.`,
  });
}

function lowFidelity(text: string): LowFidelity {
  const [column, cost] = split(text, '--fidelity', 'COLUMN=COST', '=');
  return { signal: column, cost };
}
