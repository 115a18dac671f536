/** The Pareto front of a study: complete, feasible trials that no other beats in every objective. */
import { dominates } from '../strategy/pareto.ts';
import { broken, objectiveValues } from './measure.ts';
import type { Constraint, Objective, Trial } from './trial.ts';

/**
 * Complete trials of the highest fidelity that any reached, among them those that keep all constraints, with their
 * objective values: values of two fidelities do not compare.
 */
function candidates(
  trials: readonly Trial[],
  objectives: readonly Objective[],
  constraints: readonly Constraint[],
) {
  const found = trials.flatMap((trial) => {
    const values = trial.state === 'complete' ? objectiveValues(objectives, trial.measures) : null;
    return values === null || broken(constraints, trial.measures).length > 0 ? [] : [{ trial, values }];
  });
  const highest = found.reduce((level, { trial }) => Math.max(level, trial.fidelity), 0);
  return found.filter(({ trial }) => trial.fidelity === highest);
}

/** In order of number. */
export function paretoFront(
  trials: readonly Trial[],
  objectives: readonly Objective[],
  constraints: readonly Constraint[],
): Trial[] {
  const open = candidates(trials, objectives, constraints);
  return open.filter((a) => !open.some((b) => dominates(b.values, a.values))).map((c) => c.trial);
}

/**
 * The trial that is best in the first objective; of equals the one with the lowest validation loss, which tells apart what a
 * small validation split counts the same; then the earlier. Null when no trial is complete and feasible.
 */
export function bestTrial(
  trials: readonly Trial[],
  objectives: readonly Objective[],
  constraints: readonly Constraint[],
): Trial | null {
  const open = candidates(trials, objectives, constraints);
  const loss = ({ measures }: Trial): number => measures.valLoss ?? Number.POSITIVE_INFINITY;
  return (
    open.reduce<(typeof open)[number] | null>((a, b) => {
      if (a === null || b.values[0]! > a.values[0]!) return b;
      return b.values[0] === a.values[0] && loss(b.trial) < loss(a.trial) ? b : a;
    }, null)?.trial ?? null
  );
}
