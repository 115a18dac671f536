/** Runs a study: keeps the workers busy until the budget is spent or the signal comes. */
import type { StudyDefinition } from './definition.ts';
import { broken } from './measure.ts';
import type { Asked, Outcome, Study } from './study.ts';
import type { Trial } from './trial.ts';

/** How a study is run, and until when. */
export interface RunOptions {
  /** That is open. */
  readonly study: Study;
  /** Evaluates one trial. Its rejection is a failed trial, unless the signal was aborted. */
  readonly evaluate: (asked: Asked, signal: AbortSignal) => Promise<Outcome>;
  /**
   * Trials in all, those of earlier runs included; null for no limit. One that broke a bound before it was trained does not
   * count, up to {@link LONGEST} times the limit.
   */
  readonly trials: number | null;
  /** No trial starts after this moment, running ones are ended (milliseconds since the epoch); null for none. */
  readonly deadline: number | null;
  /** Aborted: running trials stay `running` in the storage and are run again when the study is resumed. */
  readonly signal: AbortSignal;
  /** Told what a suggestion waits for where that takes long, and the share of it that is done, 0..1. */
  readonly onPreparing?: (what: string, share: number) => void;
  /** Called as a trial begins. */
  readonly onStarted?: (trial: Trial) => void;
  /** Called as its outcome is recorded. */
  readonly onFinished?: (trial: Trial) => void;
}

/** Why the run ended; `overBounds`: so many trials broke a bound that the others are fewer than asked for. */
export type RunEnd = 'trials' | 'deadline' | 'exhausted' | 'interrupted' | 'overBounds';

/** With trials that do not count, a study has at most so many times the limit. */
export const LONGEST = 3;

/**
 * Asks, evaluates and records trials, as many at once as the definition says, until the limit of trials, the
 * deadline, or the signal. A failed evaluation costs its trial.
 * @returns why it ended
 * @throws INFEASIBLE when no network at all meets the bounds; what the storage throws, when trials cannot be recorded
 *   any more
 */
export async function runStudy(options: RunOptions): Promise<RunEnd> {
  const { study, evaluate, deadline, signal } = options;
  const limit = options.trials ?? Number.POSITIVE_INFINITY;
  const { parallelism } = study.definition;
  const clock = new AbortController();
  const timer =
    deadline === null ? null : setTimeout(() => clock.abort(), Math.max(0, deadline - Date.now()));
  /** Aborted when the study itself cannot go on: what runs beside would be lost anyway. */
  const broken = new AbortController();
  const either = AbortSignal.any([signal, clock.signal, broken.signal]);
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | null = null;
  let exhausted = false;

  const start = (asked: Asked): void => {
    options.onStarted?.(asked.trial);
    const work = evaluate(asked, either)
      .catch((error: unknown): Outcome => failedBy(error))
      .then(async (outcome) => {
        if (signal.aborted || broken.signal.aborted) return;
        const late = clock.signal.aborted && outcome.state === 'failed';
        const told = await study.tell(asked.trial.number, late ? outOfTime(outcome) : outcome);
        options.onFinished?.(told);
      })
      .catch((error: unknown) => {
        failure ??= { error };
        broken.abort();
      })
      .finally(() => running.delete(work));
    running.add(work);
  };

  /**
   * Whether another trial may be asked for. Which of the trials count must not depend on who finishes first, or another run
   * would have another table: those that the next suggestion does not see are taken to count while any is running.
   */
  const hasRoom = (): boolean => {
    const trials = study.trials();
    if (trials.length >= LONGEST * limit) return false;
    const unseen = running.size === 0 ? 0 : parallelism - 1;
    const free = trials
      .slice(0, Math.max(0, trials.length - unseen))
      .filter((t) => isFree(t, study.definition));
    return trials.length - free.length < limit;
  };

  const interrupted = [...study.interrupted()];
  const next = async (): Promise<Asked | null> => {
    const again = interrupted.shift();
    if (again !== undefined) return again;
    if (!hasRoom()) return null;
    const { onPreparing } = options;
    try {
      const asked = await study.ask({
        signal: either,
        ...(onPreparing === undefined ? {} : { onPreparing }),
      });
      exhausted = asked === null;
      return asked;
    } catch (error) {
      if (either.aborted && error === either.reason) return null;
      throw error;
    }
  };
  const mayStart = (): boolean =>
    !either.aborted &&
    failure === null &&
    !exhausted &&
    running.size < parallelism &&
    (interrupted.length > 0 || (study.ready() && hasRoom()));

  try {
    for (;;) {
      while (mayStart()) {
        const asked = await next();
        if (asked === null) break;
        start(asked);
      }
      if (running.size === 0) break;
      await Promise.race(running);
    }
  } finally {
    if (timer !== null) clearTimeout(timer);
    await Promise.allSettled(running);
  }
  if (failure !== null) throw (failure as { readonly error: unknown }).error;
  if (signal.aborted) return 'interrupted';
  if (clock.signal.aborted) return 'deadline';
  if (exhausted) return 'exhausted';
  const counted = study.trials().filter((trial) => !isFree(trial, study.definition));
  return counted.length < limit && limit < Number.POSITIVE_INFINITY ? 'overBounds' : 'trials';
}

/** Measured, found to break a bound, and not trained: it cost next to nothing. */
export const isFree = (
  { state, curve, measures }: Trial,
  { constraints }: Pick<StudyDefinition, 'constraints'>,
): boolean => state === 'pruned' && curve.length === 0 && broken(constraints, measures).length > 0;

const failedBy = (error: unknown): Outcome => ({
  state: 'failed',
  measures: {},
  curve: [],
  reason: error instanceof Error ? error.message : String(error),
});

/** Reason of trials that the clock ended. */
export const OUT_OF_TIME = 'the time for the search was over';

/** A trial that the clock ended is not the candidate's fault. */
const outOfTime = (outcome: Outcome): Outcome => ({
  ...outcome,
  state: 'pruned',
  reason: OUT_OF_TIME,
});
