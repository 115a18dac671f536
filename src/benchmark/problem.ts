/**
 * A search problem made of a table of evaluated architectures (Ying et al. 2019): every evaluation is a look-up, so that
 * a search of hundreds of trainings takes no time and can be repeated over many seeds.
 */

import { fail } from '../errors.ts';
import { networkCost } from '../network/cost.ts';
import type { Network } from '../network/network.ts';
import type { Random } from '../random.ts';
import type { Genome } from '../space/genome.ts';
import { reducedGraph } from '../space/reduce.ts';
import type { SearchSpace } from '../space/space.ts';
import { graphIdentity } from '../strategy/predictor/graph-identity.ts';
import type { Inspected, SuggestRequest, ZeroCostProxy } from '../strategy/strategy.ts';
import type { BuiltNetwork } from './equal-networks.ts';
import { genomeKey } from './genome-key.ts';
import { matchedColumn } from './matched-column.ts';
import { meanOf, refuseKinds } from './repeated-rows.ts';
import { numericColumn, type Table } from './table.ts';

/** A column and which way is better. */
export interface Goal {
  /** Of the table. */
  readonly column: string;
  /** Whether a larger or a smaller value is wanted. */
  readonly better: 'max' | 'min';
}

/** A cheaper evaluation: the column of the signal, and its cost as a number or as a column. */
export interface LowFidelity {
  /** Column that a strategy is told in place of the signal's; better the same way. */
  readonly signal: string;
  /** As `ProblemOptions.cost`. */
  readonly cost: string;
}

/**
 * A column of scores, perhaps of another table; rows are matched by the column `index`, by architecture, or by place.
 */
interface ScoreColumn {
  /** Where the scores are. */
  readonly table: Table;
  /** Whichever way is better: strategies learn how a score relates to the signal. */
  readonly column: string;
}

/** Which columns of a table make a {@link Problem}. */
export interface ProblemOptions {
  /** A row for each architecture, or for each of its measurements, whose mean is taken. */
  readonly table: Table;
  /** One whose `table` rule reads the rows. */
  readonly space: SearchSpace;
  /** What a strategy is told. */
  readonly signal: Goal;
  /**
   * Column that a run is judged by; often a test accuracy that the strategy never sees. More is better, unless it is
   * the signal's own column and less is better there.
   */
  readonly report: string;
  /** What an evaluation costs, in any one unit: a number, a column, or `column*factor`; 1 each when null. */
  readonly cost: string | null;
  /** Further objectives beside the signal. */
  readonly objectives: readonly Goal[];
  /** Cheaper evaluations, cheapest first. */
  readonly lowFidelities: readonly LowFidelity[];
  /** Cheap scores that a strategy may ask for at no cost. */
  readonly proxies: readonly ScoreColumn[];
  /**
   * Columns to keep within a bound, measured as the signal is: a strategy learns of them by evaluating; none by
   * default.
   */
  readonly constraints?: readonly Bound[];
  /**
   * Makes rows whose networks are equal one architecture, whose values are the means of its rows: a study never trains
   * one network twice. Absent, each genome is an architecture of its own, as in published figures.
   */
  readonly networkOf?: (genome: Genome) => BuiltNetwork;
}

/** A column and the largest (or smallest) value that is allowed. */
export interface Bound {
  /** Of the table. */
  readonly column: string;
  /** Which side of the bound is allowed. */
  readonly sense: '<=' | '>=';
  /** In the column's unit; itself allowed. */
  readonly bound: number;
}

/**
 * A table of evaluated architectures as strategies meet it: genomes, what they are told of each, what it costs, and
 * what a run is judged by. Rows are numbered alike in all columns.
 */
export interface Problem {
  /** As given. */
  readonly space: SearchSpace;
  /** By row: one for each architecture, of those of its rows that have all columns asked for. */
  readonly genomes: readonly Genome[];
  /** `[fidelity][objective][row]`, the highest fidelity last, the signal first; what is to be minimised is negated. */
  readonly values: readonly (readonly Float64Array[])[];
  /** By row. */
  readonly report: Float64Array;
  /** 'min' where a lower report is better. */
  readonly reportBetter: 'max' | 'min';
  /** `[fidelity][row]`, in the unit of `ProblemOptions.cost`. */
  readonly costs: readonly Float64Array[];
  /** Mean cost of each fidelity. */
  readonly fidelities: readonly number[];
  /** As strategies ask them; NaN where a score is missing. */
  readonly proxies: readonly ZeroCostProxy[];
  /** By row, whether all bounds hold. */
  readonly feasible: readonly boolean[];
  /** Rows of the table that are not part of the problem, and why, in words. */
  readonly leftOut: readonly string[];
  /** The row of a genome, or of one that tables hold as the same architecture; undefined where there is none. */
  readonly rowOf: (genome: Genome) => number | undefined;
  /** The network of a genome of the problem and its cost; null for others. */
  readonly inspect: (genome: Genome) => Inspected | null;
}

/**
 * A search problem whose evaluations are look-ups in a table (tabular benchmark, Ying et al. 2019).
 * @throws USAGE when the space has no `table` rule; TABLE when a column is missing, no row has all of them or keeps
 *   the bounds, or two rows of one architecture are of two kinds; ARCH_STRING, ARCHITECTURE and the like from the
 *   space for a row that it cannot read
 */
export function createProblem(options: ProblemOptions): Problem {
  const { table, space, signal, objectives, lowFidelities } = options;
  const rule = space.table;
  if (rule === undefined)
    return fail('USAGE', {
      what: `The space "${space.name}" does not say how a table names its genomes`,
      hint: 'Give the space a `table` rule (TableRule), or use a preset that has one, e.g. nasbench201.',
    });
  const goals = [signal, ...objectives];
  const signed = ({ column, better }: Goal): Float64Array =>
    numericColumn(table, column).map((value) => (better === 'max' ? value : -value));
  const levels = [
    ...lowFidelities.map((low) => [{ ...signal, column: low.signal }, ...objectives]),
    goals,
  ].map((level) => level.map(signed));
  const costs = [...lowFidelities.map((low) => low.cost), options.cost ?? '1'].map((cost) =>
    costColumn(table, cost),
  );
  const report = numericColumn(table, options.report);
  const scores = options.proxies.map((proxy) => matchedColumn(table, proxy.table, proxy.column, space));
  const constraints = options.constraints ?? [];
  const bounded = constraints.map(({ column }) => numericColumn(table, column));

  const columns = [...levels.flat(), ...costs, report, ...bounded];
  const names = [
    ...lowFidelities.flatMap((low) => [low.signal, ...objectives.map(({ column }) => column)]),
    ...goals.map(({ column }) => column),
    ...lowFidelities.map((low) => low.cost),
    options.cost ?? '1',
    options.report,
    ...constraints.map(({ column }) => column),
  ];
  /** By architecture: the rows that hold it. */
  const members: number[][] = [];
  const genomes: Genome[] = [];
  /** By genome: its architecture, and the first row that holds it. */
  const known = new Map<string, { readonly architecture: number; readonly first: number }>();
  const byNetwork = new Map<string, number>();
  const keyOf = genomeKey(space);
  const { networkOf } = options;
  let [incomplete, repeated, averaged, equal] = [0, 0, 0, 0];
  for (const [i, row] of table.rows.entries()) {
    if (!columns.every((column) => Number.isFinite(column[i]))) {
      incomplete++;
      continue;
    }
    const genome = rule.genome(row);
    if (genome === null)
      return fail('TABLE', {
        path: table.path,
        reason: `the space "${space.name}" cannot find its genomes: ${rule.description}`,
      });
    const key = keyOf(genome);
    const before = known.get(key);
    if (before !== undefined) {
      const differs = columns.findIndex((column) => column[i] !== column[before.first]);
      if (differs >= 0) {
        refuseKinds(table, before.first, i, names[differs]!);
        averaged++;
      } else repeated++;
      members[before.architecture]!.push(i);
      continue;
    }
    const built = networkOf?.(genome);
    const same = built === undefined ? undefined : byNetwork.get(built.identity);
    const architecture = same ?? genomes.length;
    known.set(key, { architecture, first: i });
    if (same !== undefined) {
      equal++;
      members[same]!.push(i);
      // Dead branches are no cost of the architecture.
      if (built!.macs < networkOf!(genomes[same]!).macs) genomes[same] = genome;
      continue;
    }
    if (built !== undefined) byNetwork.set(built.identity, architecture);
    genomes.push(genome);
    members.push([i]);
  }
  if (genomes.length === 0)
    fail('TABLE', { path: table.path, reason: 'no row has all the columns asked for' });
  const pick = (column: Float64Array): Float64Array =>
    Float64Array.from(members, (rows) => meanOf(column, rows));
  const kept = bounded.map(pick);
  const feasible = genomes.map((_, row) =>
    constraints.every(({ sense, bound }, k) =>
      sense === '<=' ? kept[k]![row]! <= bound : kept[k]![row]! >= bound,
    ),
  );
  if (!feasible.includes(true))
    fail('TABLE', { path: table.path, reason: 'no row keeps within the constraints' });

  const places = new Map<Genome, number>(genomes.map((genome, row) => [genome, row]));
  const rowOf = (genome: Genome): number | undefined =>
    places.get(genome) ?? known.get(keyOf(genome))?.architecture;
  const inspect = inspector(genomes, rowOf, (genome) => space.build(genome, rule.io));
  const keptCosts = costs.map(pick);
  return {
    space,
    genomes,
    values: levels.map((level) => level.map(pick)),
    report: pick(report),
    reportBetter: options.report === signal.column ? signal.better : 'max',
    costs: keptCosts,
    fidelities: keptCosts.map((column) => column.reduce((a, b) => a + b, 0) / column.length),
    proxies: scores.map((column, i) => {
      const values = pick(column);
      return {
        name: options.proxies[i]!.column,
        score: (genome) => values[rowOf(genome) ?? -1] ?? Number.NaN,
      };
    }),
    feasible,
    leftOut: [
      ...(incomplete > 0 ? [`${incomplete} rows lack a value that is asked for`] : []),
      ...(repeated > 0 ? [`${repeated} rows repeat an architecture`] : []),
      ...(averaged > 0
        ? [`${averaged} rows measure an architecture again; the mean of its rows counts`]
        : []),
      ...(equal > 0 ? [`${equal} rows build the network of another row; the mean of its rows counts`] : []),
    ],
    rowOf,
    inspect,
  };
}

/** Networks kept after they were built; of the others what was found out. */
const CACHED = 500;

/** What strategies are told of a genome of the problem; networks are built when they are asked for. */
function inspector(
  genomes: readonly Genome[],
  rowOf: Problem['rowOf'],
  build: (genome: Genome) => Network,
): Problem['inspect'] {
  const networks = new Map<number, Network>();
  const networkOf = (row: number): Network => {
    let network = networks.get(row);
    if (network === undefined) {
      network = build(genomes[row]!);
      if (networks.size >= CACHED) networks.delete(networks.keys().next().value!);
      networks.set(row, network);
    }
    return network;
  };
  const found: Inspected[] = [];
  return (genome) => {
    const row = rowOf(genome);
    if (row === undefined) return null;
    if (found[row] === undefined) {
      const network = networkOf(row);
      found[row] = {
        // Rows of one network are candidates of their own, trained apart; models look at them as one.
        hash: graphIdentity(reducedGraph(network)),
        measures: { ...networkCost(network) },
        get network() {
          return networkOf(row);
        },
      };
    }
    return found[row]!;
  };
}

/** A number, a column, or a column times a number: `train_time*0.06`. */
function costColumn(table: Table, text: string): Float64Array {
  if (text.trim() !== '' && Number.isFinite(Number(text)))
    return new Float64Array(table.rows.length).fill(Number(text));
  const [, column, factor] = /^(.*?)(?:\*([\d.eE+-]+))?$/.exec(text)!;
  return numericColumn(table, column!).map((value) => value * Number(factor ?? 1));
}

/** What of a request is the same for all trials of a run, but for what was proposed. */
export function requestParts(
  problem: Problem,
  proposed: ReadonlySet<number>,
): Pick<
  SuggestRequest,
  'space' | 'objectives' | 'fidelities' | 'proxies' | 'accept' | 'inspect' | 'listed' | 'draw'
> {
  const { space, genomes, rowOf, inspect, proxies, fidelities, values } = problem;
  const accept = (genome: Genome): boolean => {
    const row = rowOf(genome);
    return row !== undefined && !proposed.has(row);
  };
  return {
    space,
    objectives: values[0]!.length,
    fidelities,
    proxies,
    accept,
    inspect,
    listed: () => genomes,
    draw: (random: Random) => {
      if (proposed.size >= genomes.length) return null;
      for (let tries = 0; tries < 100; tries++) {
        const row = random.int(genomes.length);
        if (!proposed.has(row)) return genomes[row]!;
      }
      return random.pick(genomes.filter((_, row) => !proposed.has(row)));
    },
  };
}
