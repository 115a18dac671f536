/**
 * A process that does nothing but run models, as the user's program will. Where networks are trained, quantised or kept by the
 * hundred, the same models take longer or less long: other memory, other pages (docs/devices.md).
 */
import { type Details, type ErrorCode, EspalierError, fail } from '../errors.ts';
import { type AskedProcess, answerQuestions, startAskedProcess } from '../process/asked-process.ts';

/** What the runtime has against a model. */
interface Refusal {
  readonly refused: { readonly code: ErrorCode; readonly details: Details };
}

export interface ModelProcess<Job, Found> {
  /**
   * One model after another. The process starts with the first one, and again after a crash.
   * @throws what the answering side does, if it is of the table of errors; MODEL_LOAD for a model that ends the process; what the
   *   signal was aborted with
   */
  readonly ask: (job: Job, signal: AbortSignal) => Promise<Found>;
  /** Resolves when it has ended; the next model starts another one. */
  readonly close: () => Promise<void>;
}

/**
 * @param entry a module that calls {@link answerAboutModels}: `.ts` in a checkout, `.js` in the published package
 * @param seconds after which a model has hung
 */
export function modelProcess<Job extends object, Found extends object>(
  entry: URL,
  seconds: number,
): ModelProcess<Job, Found> {
  let current: AskedProcess<Job, { readonly found: Found } | Refusal> | null = null;
  return {
    ask: async (job, signal) => {
      if (current?.alive() !== true) current = startAskedProcess(entry, 'the model');
      const answer = await current.ask(job, seconds, signal);
      signal.throwIfAborted();
      if ('found' in answer) return answer.found;
      if ('reason' in answer) return fail('MODEL_LOAD', { reason: answer.reason });
      throw new EspalierError(answer.refused.code, answer.refused.details);
    },
    close: async () => current?.kill(),
  };
}

/** The process's side. */
export const answerAboutModels = <Job, Found extends object>(answer: (job: Job) => Promise<Found>): void =>
  answerQuestions(async (job: Job): Promise<{ readonly found: Found } | Refusal> => {
    try {
      return { found: await answer(job) };
    } catch (error) {
      if (error instanceof EspalierError) return { refused: { code: error.code, details: error.details } };
      throw error;
    }
  });
