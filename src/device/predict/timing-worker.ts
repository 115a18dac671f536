/** The module that a timing process runs. */
import { type Details, type ErrorCode, EspalierError } from '../../errors.ts';
import { answerQuestions } from '../../process/asked-process.ts';
import { timeHere } from './time-briefly.ts';
import type { BriefTiming } from './typical-latency.ts';

export interface TimingJob {
  /** ONNX bytes. */
  readonly model: Uint8Array;
  readonly threads: number;
}

/** What the runtime has against the model. */
export interface Refusal {
  readonly refused: { readonly code: ErrorCode; readonly details: Details };
}

answerQuestions(async ({ model, threads }: TimingJob): Promise<BriefTiming | Refusal> => {
  try {
    return await timeHere(model, threads);
  } catch (error) {
    if (error instanceof EspalierError) return { refused: { code: error.code, details: error.details } };
    throw error;
  }
});
