/** Outcomes of jobs that did not come to their end. */
import { EspalierError } from '../errors.ts';
import type { CurvePoint } from '../study/trial.ts';
import type { JobOutcome } from './executor.ts';

/** Reason of every job that its AbortSignal ended; the study runs such a trial again. */
export const STOPPED = 'stopped before it finished';

export function failedOutcome(reason: string, curve: readonly CurvePoint[] = []): JobOutcome {
  return { state: 'failed', measures: {}, curve, reason };
}

/** The outcome of a job that threw. An error that is not ours keeps its stack: it is a bug that someone must find. */
export function outcomeOfError(error: unknown, curve: readonly CurvePoint[] = []): JobOutcome {
  if (error instanceof EspalierError) return failedOutcome(`${error.message}. ${error.hint}`, curve);
  if (error instanceof Error) return failedOutcome(error.stack ?? `${error.name}: ${error.message}`, curve);
  return failedOutcome(String(error), curve);
}
