/** Whether the model is as fast here as its file says, where the two can be compared. */
import { measureLatency } from '../../device/measure-latency.ts';
import { createSession } from '../../runtime/session.ts';
import { engineName } from '../engine-name.ts';
import { agrees, type Check, disagrees, unchecked } from './check.ts';
import { type Example, exampleFor } from './example.ts';

/** A busy machine adds time and never takes any away: the fastest of so many measurements counts. */
const MEASUREMENTS = 3;
/** Slower than the upper end of the recorded interval by this factor is slower than promised. */
const TOLERANCE = 1.25;

export const checkLatency: Check = async ({ bytes, precision, metadata, timed, signal }) => {
  if (!timed) return unchecked('left out');
  const recorded = metadata?.latency[precision] ?? null;
  const session = await createSession(bytes);
  let example: Example;
  try {
    example = exampleFor(session, metadata);
  } finally {
    await session.release();
  }
  const { feeds, batch } = example;
  const threads = recorded?.threads ?? 1;
  let best = await measureLatency(bytes, feeds, { threads, signal });
  const promised = (recorded?.highMs ?? Number.POSITIVE_INFINITY) * TOLERANCE;
  for (let i = 1; i < MEASUREMENTS && best.medianMs > promised; i++) {
    const next = await measureLatency(bytes, feeds, { threads, signal });
    if (next.medianMs < best.medianMs) best = next;
  }
  const images = batch === 1 ? '' : ` for ${batch} images`;
  const here = `${ms(best.medianMs)}${images} here (95 %: ${ms(best.lowMs)} to ${ms(best.highMs)}, ${best.runs} runs, ${threads} thread${threads === 1 ? '' : 's'})`;
  if (recorded === null) return unchecked(`${here}; the file does not say how fast it is`);
  const there = `${ms(recorded.medianMs)} ${recorded.kind === 'measured' ? 'recorded' : 'predicted'}`;
  if (recorded.machine !== best.machine)
    return unchecked(`${here}; ${there} on another processor, ${recorded.machine}`);
  if (recorded.runtime !== undefined && recorded.runtime !== engineName())
    return unchecked(`${here}; ${there} with another engine, ${recorded.runtime}`);
  return best.medianMs <= promised
    ? agrees(`${here}, ${there}`)
    : disagrees(`${here}, ${there} on a processor of this name; is this machine busy?`);
};

const ms = (value: number): string => `${Number(value.toPrecision(3))} ms`;
