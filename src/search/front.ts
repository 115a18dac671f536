/** Which networks of a study are trained fully: one, or several of the Pareto front. */
import type { Standing } from '../report/data.ts';
import { dominates, hypervolume } from '../strategy/pareto.ts';
import { broken, measureInfo, objectiveValues } from '../study/measure.ts';
import { bestTrial, paretoFront } from '../study/pareto-front.ts';
import type { Constraint, Measures, Objective, Trial } from '../study/trial.ts';
import type { SearchOptions } from './options.ts';

/** Members of the front that are trained when there are several objectives and nobody says how many. */
const MEMBERS = 3;

/** How many networks are trained fully at most. */
export const frontSize = ({ front, objectives }: Pick<SearchOptions, 'front' | 'objectives'>): number =>
  front ?? (objectives.length > 1 ? MEMBERS : 1);

/**
 * What the front is drawn over: the objectives, and with accuracy alone also the cost, so that a reader sees what a
 * smaller network would give.
 */
export function frontObjectives(objectives: readonly Objective[]): readonly Objective[] {
  return objectives.length > 1 ? objectives : [...objectives, { measure: 'macs', direction: 'minimise' }];
}

/** The accuracy among the objectives, wherever it stands; the first of them where there is none. */
function leadingObjective(objectives: readonly Objective[]): Objective {
  const isAccuracy = ({ measure }: Objective): boolean =>
    measureInfo(measure).unit === 'share' && measureInfo(measure).better === 'higher';
  return objectives.find(isAccuracy) ?? objectives[0]!;
}

/** By how much the reference point lies below the worst of the front, so that the ends count too; of the front's span. */
const MARGIN = 0.1;

/**
 * The most accurate trial, and then those members of the front that add most to the volume that the chosen ones dominate
 * (greedy hypervolume subset selection, Bradstreet et al. 2006), most promising first. Deterministic.
 * @returns at most `count` trials; none when no trial is complete within the constraints
 */
export function chooseFront(
  trials: readonly Trial[],
  objectives: readonly Objective[],
  constraints: readonly Constraint[],
  count: number,
): Trial[] {
  const leading = leadingObjective(objectives);
  const drawn = frontObjectives(objectives);
  const front = paretoFront(trials, drawn, constraints);
  const lead = bestTrial(objectives.length === 1 && count === 1 ? trials : front, [leading], constraints);
  if (lead === null) return [];
  const points = scaled(front.map(({ measures }) => objectiveValues(drawn, measures)!));
  const pointOf = new Map(front.map((trial, i) => [trial, points[i]!]));
  const reference = drawn.map(() => -MARGIN);
  const volume = (chosen: readonly Trial[]): number =>
    hypervolume(
      chosen.map((trial) => pointOf.get(trial)!),
      reference,
    );
  const chosen = [lead];
  while (chosen.length < Math.min(count, front.length)) {
    const open = front.filter((trial) => !chosen.includes(trial));
    const volumes = open.map((trial) => volume([...chosen, trial]));
    chosen.push(open[volumes.indexOf(Math.max(...volumes))]!);
  }
  return chosen;
}

/** Each axis from 0, the worst of the vectors, to 1, the best. */
function scaled(vectors: readonly (readonly number[])[]): number[][] {
  const axes = vectors[0]?.map((_, axis) => vectors.map((vector) => vector[axis]!)) ?? [];
  const ends = axes.map((values) => [Math.min(...values), Math.max(...values)] as const);
  return vectors.map((vector) =>
    vector.map((value, axis) => {
      const [low, high] = ends[axis]!;
      return high === low ? 1 : (value - low) / (high - low);
    }),
  );
}

/**
 * How many of the trainings, in their order, have time for that many epochs each.
 * @param trainings seconds of an epoch of each, and of what comes after it
 */
export function affordable(
  trainings: readonly { readonly epoch: number; readonly after: number }[],
  seconds: number,
  epochs: number,
): number {
  let spent = 0;
  return trainings.filter(({ epoch, after }) => {
    spent += epoch * epochs + after;
    return spent <= seconds;
  }).length;
}

/** The first training's part of the seconds, so that all have the same number of epochs beside what comes after each. */
export function ownSeconds(
  trainings: readonly { readonly epoch: number; readonly after: number }[],
  seconds: number,
): number {
  const [first] = trainings;
  if (first === undefined || trainings.length === 1) return seconds;
  const total = (key: 'epoch' | 'after'): number => trainings.reduce((sum, one) => sum + one[key], 0);
  // Where the time does not even suffice for what comes after, that is shared too.
  const after = Math.min(1, seconds / (2 * Math.max(total('after'), Number.EPSILON)));
  return (first.epoch / total('epoch')) * (seconds - after * total('after')) + after * first.after;
}

/** The most accurate of trained networks, in 8 bits where they are judged so; of equals the cheaper. */
export function mostAccurate<T extends { readonly measures: Measures }>(
  members: readonly T[],
  int8: boolean,
): T | null {
  // One that could not be quantised comes after all that could.
  const judged = int8 && members.some(({ measures }) => measures.int8ValAccuracy !== undefined);
  const value = ({ measures }: T): number =>
    measures[judged ? 'int8ValAccuracy' : 'valAccuracy'] ?? Number.NEGATIVE_INFINITY;
  const macs = ({ measures }: T): number => measures.macs ?? Number.POSITIVE_INFINITY;
  return members.reduce<T | null>((best, member) => {
    if (best === null || value(member) > value(best)) return member;
    return value(member) === value(best) && macs(member) < macs(best) ? member : best;
  }, null);
}

/** The members that keep the bounds as they were measured after their training; all of them where none does. */
export function withinBounds<T extends { readonly measures: Measures }>(
  members: readonly T[],
  constraints: readonly Constraint[],
): readonly T[] {
  const fitting = members.filter(({ measures }) => broken(constraints, measures).length === 0);
  return fitting.length > 0 ? fitting : members;
}

/**
 * Where no trained network keeps the bounds: what a trial must keep so that its network will, were it as much worse after
 * its training as those were. Null where one keeps the bounds, and before there are any.
 */
export function replacementBounds(
  members: readonly { readonly trial: number; readonly measures: Measures }[],
  trials: readonly Trial[],
  constraints: readonly Constraint[],
): readonly Constraint[] | null {
  if (members.length === 0 || members.some(({ measures }) => broken(constraints, measures).length === 0))
    return null;
  const growth = ({ measure }: Constraint): number =>
    Math.max(
      1,
      ...members.map(({ trial, measures }) => {
        const before = trials.find(({ number }) => number === trial)?.measures[measure];
        const after = measures[measure];
        return before === undefined || after === undefined || before <= 0 ? 1 : after / before;
      }),
    );
  return constraints.map((constraint) => ({ ...constraint, max: constraint.max / growth(constraint) }));
}

/** How each member turned out beside the bounds and the others, in the order of the members. */
export function standings<T extends { readonly measures: Measures }>(
  members: readonly T[],
  objectives: readonly Objective[],
  constraints: readonly Constraint[],
): readonly Standing[] {
  const values = members.map(({ measures }) => objectiveValues(objectives, measures));
  return members.map(({ measures }, i) => ({
    overBounds: broken(constraints, measures).map(
      ({ measure, max }) => `${measureInfo(measure).label} ${shown(measures[measure]!)}, bound ${shown(max)}`,
    ),
    dominated: values.some((other) => other !== null && values[i] !== null && dominates(other, values[i]!)),
  }));
}

const shown = (value: number): string => String(Number(value.toPrecision(4)));
