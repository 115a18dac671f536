/** How long a search still takes: until its deadline, or as its trials so far let expect. Pure. */
import { countedTrials, type ProgressState } from './state.ts';

/** Trials that tell how long the next one takes: strategies move to other sizes of networks as they go. */
const LATEST = 12;
/** A final training that has hardly begun says nothing. */
const LEAST_PROGRESS = 0.02;
/** A trial measures latency before it trains. */
const LEAST_TRIAL_PROGRESS = 0.1;

/** Seconds; null while nothing is known. @param now milliseconds since the epoch */
export function secondsLeft(state: ProgressState, now: number): number | null {
  const { budget, running, final } = state;
  if (budget.deadline !== null) return Math.max(0, (budget.deadline - now) / 1000);
  if (final !== null) return finalLeft(state, now);
  const counted = countedTrials(state);
  const ended = counted
    .slice(-LATEST)
    .flatMap(({ startedAt, endedAt }) =>
      startedAt === null || endedAt === null ? [] : [(endedAt - startedAt) / 1000],
    );
  const seconds = ended.length > 0 ? ended : projected(state, now);
  if (budget.trials === null || seconds.length === 0) return null;
  const mean = seconds.reduce((a, b) => a + b, 0) / seconds.length;
  const begun = running.reduce((sum, { progress }) => sum + progress, 0);
  const trials = Math.max(0, budget.trials - counted.length - begun) / budget.workers;
  return mean * (trials + budget.finals * budget.finalWork);
}

/** Whole length of the running trials, as they go on: before the first one has ended there is nothing better. */
const projected = ({ running }: ProgressState, now: number): number[] =>
  running.flatMap(({ trial: { startedAt }, progress }) =>
    startedAt === null || progress < LEAST_TRIAL_PROGRESS ? [] : [(now - startedAt) / 1000 / progress],
  );

/** As the final trainings went on since the last trial ended. */
function finalLeft({ finished, final, finalsBegun, budget }: ProgressState, now: number): number | null {
  const since = Math.max(...finished.map(({ endedAt }) => endedAt ?? 0));
  const done = finalsBegun - 1 + final!.progress;
  if (!(since > 0) || done < LEAST_PROGRESS) return null;
  return ((now - since) / 1000 / done) * Math.max(0, budget.finals - done);
}
