/** Several objectives seen as one: the first alone, the one whose best value is the hardest to find. */
import type { Observation, SuggestRequest } from './strategy.ts';

/** The trials with the values of their first objective alone. */
export const byFirstObjective = (history: readonly Observation[]): Observation[] =>
  history.map((trial) => (trial.values === null ? trial : { ...trial, values: trial.values.slice(0, 1) }));

/** The request of a search for the first objective alone. */
export const forFirstObjective = (request: SuggestRequest): SuggestRequest => ({
  ...request,
  history: byFirstObjective(request.history),
  objectives: 1,
});
