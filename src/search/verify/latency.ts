/** Whether the model is as fast here as its file says, where the two can be compared. */
import { describeMachine } from '../../device/machine.ts';
import { measureLatency } from '../../device/measure-latency.ts';
import { createSession } from '../../runtime/session.ts';
import { engineName } from '../engine-name.ts';
import type { LatencyEntry } from '../model-metadata.ts';
import { agrees, type Check, disagrees, unchecked } from './check.ts';
import { type Example, exampleFor } from './example.ts';

/** A busy machine adds time and never takes any away: the fastest of so many measurements counts. */
const MEASUREMENTS = 3;
/** Slower than the upper end of the recorded interval by this factor is slower than promised. */
const TOLERANCE = 1.25;

/** Where a latency is measured now: what must be the same for two figures to be compared. */
export interface LatencyPlace {
  /** The processor's name. */
  readonly machine: string;
  readonly platform: string;
  /** Name and version of the engine, and what of it computes. */
  readonly runtime: string;
  readonly provider: string;
  readonly usableCores: number;
  /** Images of a run. */
  readonly batch: number;
}

/** All that keeps a recorded latency from being compared with one measured at `here`, in words; none: it can be. */
export function differences(recorded: LatencyEntry, here: LatencyPlace): string[] {
  const { machine, platform, runtime, provider, threads, batch = 1 } = recorded;
  const other = (what: string, its: string | undefined, own: string): string[] =>
    its === undefined || its === own ? [] : [`another ${what} (${its}; here ${own})`];
  return [
    ...other('processor', machine, here.machine),
    ...other('platform', platform, here.platform),
    ...other('engine', runtime, here.runtime),
    ...other('execution provider', provider, here.provider),
    ...(threads > here.usableCores
      ? [`more threads than there are (${threads}; here ${here.usableCores} can be used)`]
      : []),
    ...(batch === here.batch ? [] : [`another number of images at once (${batch}; here ${here.batch})`]),
  ];
}

const IN_WORDS = { float: 'in float', int8: 'in 8 bits' } as const;

export const checkLatency: Check = async ({ bytes, precision, metadata, timed, signal }) => {
  if (!timed) return unchecked('left out, as --no-latency asks');
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
  const { platform, usableCores } = describeMachine();
  const { machine, provider } = best;
  const place = { machine, platform, runtime: engineName(), provider, usableCores, batch };
  const hindrances = recorded === null ? [] : differences(recorded, place);
  const promised =
    recorded === null || hindrances.length > 0 ? Number.POSITIVE_INFINITY : recorded.highMs * TOLERANCE;
  for (let i = 1; i < MEASUREMENTS && best.medianMs > promised; i++) {
    const next = await measureLatency(bytes, feeds, { threads, signal });
    if (next.medianMs < best.medianMs) best = next;
  }
  const images = batch === 1 ? '' : ` for ${batch} images`;
  const here = `${ms(best.medianMs)}${images} here (95 %: ${ms(best.lowMs)} to ${ms(best.highMs)}, ${best.runs} runs, ${threads} thread${threads === 1 ? '' : 's'})`;
  if (metadata === null) return unchecked(`${here}; not compared: the file says nothing of its making`);
  if (recorded === null)
    return unchecked(`${here}; not compared: the file holds no latency ${IN_WORDS[precision]}`);
  const there = `${ms(recorded.medianMs)} ${recorded.kind === 'measured' ? 'recorded' : 'predicted'}`;
  if (hindrances.length > 0)
    return unchecked(`${here}; not compared with ${there}, which is of ${hindrances.join(', ')}`);
  return best.medianMs <= promised
    ? agrees(`${here}, ${there}`)
    : disagrees(`${here}, ${there} on a processor of this name; is this machine busy?`);
};

const ms = (value: number): string => `${Number(value.toPrecision(3))} ms`;
