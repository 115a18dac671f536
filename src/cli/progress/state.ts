/** What the terminal knows of a running search: a fold over its events. */
import type { SearchEvent } from '../../search/events.ts';
import type { Trial } from '../../study/trial.ts';

export interface RunningTrial {
  readonly trial: Trial;
  /** 0..1 */
  readonly progress: number;
}

export interface ProgressState {
  readonly phase: 'data' | 'search' | 'final' | 'export';
  readonly loading: { readonly done: number; readonly total: number } | null;
  /** What the next trial waits for, 0..1. */
  readonly preparing: { readonly what: string; readonly progress: number } | null;
  readonly budget: {
    readonly trials: number | null;
    readonly deadline: number | null;
    readonly workers: number;
    /** Networks to be trained fully, and how many times as long as a trial each of them takes. */
    readonly finals: number;
    readonly finalWork: number;
  };
  readonly running: readonly RunningTrial[];
  /** Finished trials in the order they finished. */
  readonly finished: readonly Trial[];
  readonly best: Trial | null;
  readonly front: readonly Trial[];
  readonly final: {
    readonly trial: number;
    readonly epochs: number;
    readonly progress: number;
    readonly valAccuracy: number | null;
  } | null;
  /** Final trainings that were begun. */
  readonly finalsBegun: number;
  readonly testAccuracy: number | null;
}

export const initialProgress: ProgressState = {
  phase: 'data',
  loading: null,
  preparing: null,
  budget: { trials: null, deadline: null, workers: 1, finals: 1, finalWork: 0 },
  running: [],
  finished: [],
  best: null,
  front: [],
  final: null,
  finalsBegun: 0,
  testAccuracy: null,
};

export function advance(state: ProgressState, event: SearchEvent): ProgressState {
  switch (event.event) {
    case 'data-loading':
      return { ...state, loading: { done: event.done, total: event.total } };
    case 'data':
      return { ...state, loading: null };
    case 'plan':
      return {
        ...state,
        phase: 'search',
        budget: {
          trials: event.trials,
          deadline: event.deadline,
          workers: event.workers,
          finals: event.finals,
          finalWork: event.finalWork,
        },
      };
    case 'resumed':
      return { ...state, finished: event.trials, best: event.best, front: event.front };
    case 'preparing':
      return { ...state, preparing: { what: event.what, progress: event.progress } };
    case 'trial-started':
      return {
        ...state,
        preparing: null,
        running: [...without(state, event.trial.number), { trial: event.trial, progress: 0 }],
      };
    case 'trial-progress':
      return {
        ...state,
        running: state.running.map((r) =>
          r.trial.number === event.trial ? { ...r, progress: event.progress } : r,
        ),
      };
    case 'trial-finished':
      return {
        ...state,
        running: without(state, event.trial.number),
        finished: [...state.finished, event.trial],
        best: event.best,
        front: event.front,
      };
    case 'final-started':
      return {
        ...state,
        phase: 'final',
        preparing: null,
        running: [],
        final: { trial: event.trial, epochs: event.epochs, progress: 0, valAccuracy: null },
        finalsBegun: state.finalsBegun + 1,
        testAccuracy: null,
      };
    case 'final-progress':
      if (!state.final) return state;
      return {
        ...state,
        final: {
          ...state.final,
          progress: event.progress,
          valAccuracy: event.valAccuracy ?? state.final.valAccuracy,
        },
      };
    case 'tested':
      return { ...state, phase: 'export', testAccuracy: event.testAccuracy };
    case 'exported':
    case 'warning':
    case 'stopped':
    case 'done':
      return state;
  }
}

/** Trials that count against the limit: one that ended before its training was over a bound, and costs next to nothing. */
export const countedTrials = ({ finished }: ProgressState): readonly Trial[] =>
  finished.filter(({ state, curve }) => state !== 'pruned' || curve.length > 0);

const without = (state: ProgressState, trial: number): readonly RunningTrial[] =>
  state.running.filter((r) => r.trial.number !== trial);
