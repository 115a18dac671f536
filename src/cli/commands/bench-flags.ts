/** The flags of `bench table`, and how their texts are read. */
import { type Command, Option } from 'commander';
import type { Bound, Goal, LowFidelity } from '../../benchmark/problem.ts';
import type { Shard } from '../../benchmark/shards.ts';
import { flagOf } from '../../config/fields.ts';
import { fail } from '../../errors.ts';
import { PRESETS } from '../../space/presets/index.ts';
import type { SearchSpace } from '../../space/space.ts';
import { STRATEGIES } from '../../strategy/index.ts';
import { examples, OVERWRITE } from '../command.ts';

export interface TableFlags {
  readonly table: string;
  readonly space: string;
  readonly signal: string;
  readonly report?: string;
  readonly cost?: string;
  readonly proxy: readonly string[];
  readonly objective: readonly string[];
  readonly fidelity: readonly string[];
  readonly where: readonly string[];
  readonly constraint: readonly string[];
  readonly mergeEqual?: boolean;
  readonly strategy: string;
  readonly evaluations?: string;
  readonly budget?: string;
  readonly continued?: boolean;
  readonly reach?: string;
  readonly predictor?: string;
  readonly seeds: string;
  readonly workers: string;
  readonly shard?: string;
  readonly plot?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

const collect = (value: string, before: readonly string[]): string[] => [...before, value];

export const withTableFlags = (command: Command): Command =>
  command
    .requiredOption('--table <file>', 'CSV, gzipped or not; a row for each architecture')
    .requiredOption('--space <name>', 'the space of the rows: a preset or a module with a table rule')
    .requiredOption('--signal <column[:min]>', 'what the strategy is told of a row')
    .option('--report <column>', 'what a run is judged by (the signal itself by default)')
    .option('--cost <column>', 'what an evaluation costs: a number, a column or column*factor (1 by default)')
    .option('--proxy <file:column>', 'a cheap score that strategies may use; may be repeated', collect, [])
    .option('--objective <column:min|max>', 'a further objective; may be repeated', collect, [])
    .option('--fidelity <column=cost>', 'a cheaper signal and its cost; from cheap to dear', collect, [])
    .option('--where <column=value>', 'only rows that hold this text; may be repeated', collect, [])
    .option('--constraint <column<=value>', 'a bound to keep within, <= or >=; may be repeated', collect, [])
    .option(
      '--merge-equal',
      'rows that build the same network are one architecture, with the mean of their values',
    )
    .option(
      '--strategy <names>',
      `separated by commas: ${Object.keys(STRATEGIES).join(', ')}, or modules of your own`,
      'auto,random',
    )
    .option('--evaluations <counts>', 'how many evaluations; several counts judge a run on its way')
    .addOption(new Option('--budget <cost>', 'the sum of costs that a run may spend'))
    .option('--continued', 'at a higher fidelity an architecture pays only what its training goes on for')
    .option('--reach <reports>', 'print what each strategy pays to reach these reports, beside random search')
    .option(
      '--predictor <counts>',
      'no searches: how well models trained on so many random rows rank all others (Spearman)',
    )
    .option('--seeds <count>', 'runs of each strategy', '20')
    .option('--workers <count>', 'processes that share the runs; results do not depend on it', '1')
    .addOption(new Option('--shard <i/n>').hideHelp())
    .option('--plot <file.svg>', 'draw the mean regret over the budget')
    .option(...OVERWRITE)
    .option('--json', 'results as one line of JSON');

export const TABLE_HELP =
  examples(
    'bench table --table nb201.csv.gz --space nasbench201 --signal c10v_val200 --report c10_test200 --strategy auto,random --evaluations 50,100 --seeds 50',
    'bench table --table nb201.csv.gz --space nasbench201 --signal c10v_val12 --report c10_test200 --cost c10v_train_time200_s*0.06 --budget 12000 --strategy auto,evolution',
    'bench table --table nb101.csv.gz --space nasbench101 --signal val_acc_108 --cost 108 --fidelity val_acc_4=4 --fidelity val_acc_12=12 --fidelity val_acc_36=36 --strategy asha,bohb --continued --reach 0.94,0.945',
    'bench table --table nb201.csv.gz --space nasbench201 --signal c10v_val200 --objective c10_pixel3_latency_ms:min --strategy nsga2 --evaluations 100',
    'bench table --table nb201.csv.gz --space nasbench201 --signal c10v_val200 --strategy ./my-strategy.ts,evolution --evaluations 50',
  ) +
  '\n\nA lower fidelity is paid in full, also when the same network is evaluated again at a higher one, unless --continued' +
  '\nis given. With --reach alone a run ends when it has reached the best; with another end too, a run that does not' +
  '\nreach a report counts with all that it spent, and the cost is marked ≥.' +
  '\nHypervolumes are relative to the exact front, objectives scaled to the table, the worst value as reference.' +
  '\nProxies in another file are matched by the column index, else by architecture. Rows that measure one architecture' +
  '\nagain count by their mean; where a column tells them apart (a task), --where chooses. Rows whose networks differ in' +
  '\ndead branches only are architectures of their own, as in published figures, unless --merge-equal is given.' +
  '\n\nHow tables name architectures:\n' +
  Object.values<SearchSpace>(PRESETS)
    .flatMap(({ name, table }) => (table === undefined ? [] : [`  ${name}: ${table.description}`]))
    .join('\n');

export function number(flag: string, text: string): number {
  if (text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  return fail('USAGE', { what: `${flag} ${text} is not a number`, hint: `Write ${flag} 0.94,0.945.` });
}

export function positive(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  return fail('USAGE', { what: `${flag} ${text} is not a number above 0`, hint: `Write ${flag} 100.` });
}

/** A whole number of 1 or more. */
export function count(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= 1) return value;
  return fail('USAGE', { what: `${flag} ${text} is not a whole number above 0`, hint: `Write ${flag} 20.` });
}

/** `25,50,100`, ascending. */
export const counts = (flag: string, text: string): number[] =>
  text
    .split(',')
    .map((part) => count(flag, part))
    .sort((a, b) => a - b);

export function shard(text: string): Shard {
  const [index, of] = text.split('/').map(Number);
  return { index: index!, count: of! };
}

/** The flags as arguments again, for processes that share the runs. */
export function commandLine(flags: TableFlags): string[] {
  const {
    workers: _workers,
    shard: _shard,
    plot: _plot,
    overwrite: _overwrite,
    json: _json,
    ...asked
  } = flags;
  return [
    'bench',
    'table',
    ...Object.entries(asked).flatMap(([name, value]) =>
      value === true
        ? [flagOf(name)]
        : [value].flat().flatMap((text) => (text === undefined ? [] : [flagOf(name), String(text)])),
    ),
  ];
}

export function bound(text: string): Bound {
  const [, column, sense, value] = /^(.*?)(<=|>=)(.*)$/.exec(text) ?? [];
  if (column === undefined || value!.trim() === '' || !Number.isFinite(Number(value)))
    return fail('USAGE', {
      what: `--constraint ${text} is not of the form COLUMN<=NUMBER`,
      hint: "Write --constraint 'params<=1e6', in quotes.",
    });
  return { column: column.trim(), sense: sense as Bound['sense'], bound: Number(value) };
}

export function goal(text: string, otherwise: Goal['better']): Goal {
  const match = /^(.*?)(?::(min|max))?$/.exec(text)!;
  return { column: match[1]!, better: (match[2] as Goal['better'] | undefined) ?? otherwise };
}

/** Splits at the last colon: a path may hold others. */
export function split(text: string, flag: string, form: string, mark = ':'): [string, string] {
  const at = text.lastIndexOf(mark);
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)];
  return fail('USAGE', {
    what: `${flag} ${text} is not of the form ${form}`,
    hint: `Write ${flag} ${form}.`,
  });
}

export function lowFidelity(text: string): LowFidelity {
  const [column, cost] = split(text, '--fidelity', 'COLUMN=COST', '=');
  return { signal: column, cost };
}
