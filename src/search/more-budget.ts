/** More trials or time for a run than it was begun with. */
import { fail } from '../errors.ts';
import type { SearchOptions } from './options.ts';
import type { SearchPlan } from './plan.ts';

/** In all, what was spent before included: trials, seconds, epochs of the final training. */
export type MoreBudget = Partial<Pick<SearchOptions, 'trials' | 'timeSeconds' | 'finalEpochs'>>;

/**
 * The plan with more to spend. What a trial sees stays as it was: the trials must stay comparable, and the study the same.
 * @throws USAGE for a time where there was none: such a run is planned quite otherwise
 */
export function withMore(plan: SearchPlan, options: SearchOptions, more: MoreBudget): SearchPlan {
  const { trials = null, timeSeconds = null } = more;
  const finalEpochs = more.finalEpochs ?? plan.finalEpochs;
  if (timeSeconds === null) return { ...plan, trials: trials ?? plan.trials, finalEpochs };
  if (plan.time === null)
    return fail('USAGE', {
      what: '--time: the run was begun without a time limit',
      hint: 'Give more --trials or --final-epochs, or begin another run with --time.',
    });
  const growth = timeSeconds / plan.time.totalSeconds;
  const time = {
    ...plan.time,
    totalSeconds: timeSeconds,
    searchSeconds: plan.time.searchSeconds * growth,
    ...(plan.time.int8Seconds !== undefined && { int8Seconds: plan.time.int8Seconds * growth }),
  };
  return {
    ...plan,
    time,
    finalEpochs,
    trials: trials ?? options.trials ?? Math.max(plan.trials, Math.round(plan.trials * growth)),
  };
}
