/** Outcomes of jobs that did not come to their end. */
import { diskTroubleOf } from '../disk.ts';
import { EspalierError } from '../errors.ts';
import type { CurvePoint } from '../study/trial.ts';
import type { JobOutcome } from './executor.ts';

/** Reason of every job that its AbortSignal ended; the study runs such a trial again. */
export const STOPPED = 'stopped before it finished';

export function failedOutcome(reason: string, curve: readonly CurvePoint[] = []): JobOutcome {
  return { state: 'failed', measures: {}, curve, reason };
}

/**
 * The outcome of a job that threw. An error that is not ours is a bug that someone must find: with ESPALIER_DEBUG=1 it
 * keeps its stack.
 */
export function outcomeOfError(error: unknown, curve: readonly CurvePoint[] = []): JobOutcome {
  const diskTrouble = diskTroubleOf(error);
  return { ...failedOutcome(reasonOf(error), curve), ...(diskTrouble !== undefined && { diskTrouble }) };
}

function reasonOf(error: unknown): string {
  if (error instanceof EspalierError) return `${error.message}. ${error.hint}`;
  if (!(error instanceof Error)) return String(error);
  const debug = process.env.ESPALIER_DEBUG === '1';
  return (debug ? error.stack : undefined) ?? `${error.name}: ${error.message}`;
}
