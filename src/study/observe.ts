/** What a strategy sees of a finished trial. */
import type { Observation } from '../strategy/strategy.ts';
import { broken, marginOf, objectiveValues, violationOf } from './measure.ts';
import type { Constraint, Objective, Trial } from './trial.ts';

/**
 * A trial that was stopped while it trained counts with what it had: strategies that never heard of it would look for its
 * like again. One that broke a bound before it was trained has no values, and says by how much it broke it.
 */
export function observe(
  trial: Trial,
  objectives: readonly Objective[],
  constraints: readonly Constraint[],
): Observation {
  const stopped = trial.state === 'pruned' && trial.curve.length > 0;
  const values = trial.state === 'complete' || stopped ? objectiveValues(objectives, trial.measures) : null;
  const margin = marginOf(constraints, trial.measures);
  return {
    number: trial.number,
    genome: trial.genome,
    hash: trial.hash,
    state: values === null ? (trial.state as Observation['state']) : 'complete',
    values,
    feasible: values !== null && broken(constraints, trial.measures).length === 0,
    violation: violationOf(constraints, trial.measures),
    ...(margin !== null && { margin }),
    measures: trial.measures,
    fidelity: trial.fidelity,
    ...(stopped && values !== null && { stopped }),
  };
}
