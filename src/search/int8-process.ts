/**
 * The quantisation of a trained network in a process of its own: one that hangs in ONNX Runtime, where no clock is looked
 * at, or crashes there, is ended, and the network stays in float.
 */
import { type NoAnswer, startAskedProcess } from '../process/asked-process.ts';
import type { OnEvent } from './events.ts';
import { exportInt8, type Int8Export, type Int8Request } from './int8-export.ts';
import { type Int8Work, startInt8Clock } from './int8-time.ts';

/** What can cross to another process of an {@link Int8Request}; a path and times stand for data and clock. */
export interface Int8Job extends Omit<Int8Request, 'dataset' | 'clock' | 'signal' | 'onEvent'> {
  /** Path of the decoded data set. */
  readonly dataset: string;
  readonly work: Int8Work;
  /** When everything of the network must be there (milliseconds since the epoch); null: none. */
  readonly deadline: number | null;
}

export interface Int8Answer {
  /** Null where the network cannot be quantised. */
  readonly exported: Int8Export | null;
  readonly warnings: readonly string[];
}

/** Beside this file, as TypeScript in a checkout and as JavaScript in the published package. */
const OWN_ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? './int8-worker.ts' : './int8-worker.js',
  import.meta.url,
);

/** Without a deadline, what takes so many times what is expected, and at least so long, hangs. */
const HANGING = 20;
const HANGING_LEAST_SECONDS = 600;
/** What it may take beyond its deadline before it is killed, and what it is given at least: it ends itself in time. */
const GRACE_SECONDS = 10;
const LEAST_SECONDS = 30;

/** Seconds after which the process is taken to hang. @param secondsLeft until the deadline; null: there is none */
export function int8LimitSeconds(
  { plain, tuning, mixed, test, timing }: Int8Work,
  secondsLeft: number | null,
): number {
  return secondsLeft === null
    ? Math.max(HANGING_LEAST_SECONDS, HANGING * (plain + tuning + mixed + test + timing))
    : Math.max(LEAST_SECONDS, secondsLeft + GRACE_SECONDS);
}

/**
 * As `exportInt8`, in a process of its own.
 * @param options.entry the worker's module, Espalier's own by default
 * @returns null, with a warning, where the network cannot be quantised, or the process hangs or ends
 * @throws what the signal was aborted with
 */
export async function exportInt8Apart(
  job: Int8Job,
  {
    seconds,
    signal,
    onEvent,
    entry = OWN_ENTRY,
  }: {
    /** After which it is killed. */
    readonly seconds: number;
    readonly signal: AbortSignal;
    readonly onEvent: OnEvent;
    readonly entry?: URL;
  },
): Promise<Int8Export | null> {
  const worker = startAskedProcess<Int8Job, Int8Answer>(entry, 'its quantisation');
  let answer: Int8Answer | NoAnswer;
  try {
    answer = await worker.ask(job, seconds, signal);
  } finally {
    await worker.kill();
  }
  signal.throwIfAborted();
  const { exported, warnings } =
    'reason' in answer
      ? { exported: null, warnings: [`trial ${job.trial} is there in float only: ${answer.reason}`] }
      : answer;
  for (const message of warnings) onEvent({ event: 'warning', message });
  return exported;
}

/** The whole of a job with the data that it names. */
export const requestOf = (
  { work, deadline, ...job }: Int8Job,
  context: Pick<Int8Request, 'dataset' | 'signal' | 'onEvent'>,
): Int8Request => ({
  ...job,
  ...context,
  clock: startInt8Clock(work, () =>
    deadline === null ? Number.POSITIVE_INFINITY : (deadline - Date.now()) / 1000,
  ),
});

/** The process's side. */
export async function answerJob(
  job: Int8Job,
  dataset: Int8Request['dataset'],
  signal: AbortSignal,
): Promise<Int8Answer> {
  const warnings: string[] = [];
  const onEvent: OnEvent = (event) => {
    if (event.event === 'warning') warnings.push(event.message);
  };
  return { exported: await exportInt8(requestOf(job, { dataset, signal, onEvent })), warnings };
}
