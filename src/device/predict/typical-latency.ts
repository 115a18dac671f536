/**
 * Networks' latencies from brief timings that lie minutes apart, on a machine whose speed changes meanwhile: its clock, its
 * neighbours, other work.
 *
 * What a visit says is the network's latency times the machine's slowness at that moment, which the visits just before and after
 * it, to other networks, show too. Both factors are found in turn, as the median polish of Tukey does (Exploratory Data
 * Analysis, 1977, chapter 11). Of a visit the lower quartile of its runs counts: the fastest run may be a moment in which the
 * processor was faster than it can stay, and the median run has more of what other work adds (docs/devices.md). But a user meets the
 * median run. How much longer that is on a calm machine hardly depends on the network, and so all visits together tell it.
 */
import { quantile } from '../median-interval.ts';

/** Some runs of a network one after the other, milliseconds. */
export interface BriefTiming {
  /** A quarter of the runs were faster. */
  readonly lowerQuartileMs: number;
  readonly medianMs: number;
}

/** A figure from elsewhere, whose runs are not known. */
export const steady = (ms: number): BriefTiming => ({ lowerQuartileMs: ms, medianMs: ms });

export interface Visit {
  readonly network: number;
  readonly timing: BriefTiming;
}

/** So many visits before and after tell how slow the machine was: about two seconds in all. */
const NEIGHBOURS = 16;
const SWEEPS = 5;
/** That share of the visits is taken for calm ones: the machine is as fast as in the slowest of them. */
const CALM_VISITS = 0.25;

/**
 * @param visits in the order of time; neighbours that differ from round to round tell the networks from the machine
 * @returns milliseconds of a median run when the machine is calm, by network
 */
export function typicalLatencies(visits: readonly Visit[]): ReadonlyMap<number, number> {
  const logs = visits.map(({ timing }) => Math.log(timing.lowerQuartileMs));
  const visitsTo = new Map<number, number[]>();
  for (const [v, { network }] of visits.entries())
    visitsTo.set(network, [...(visitsTo.get(network) ?? []), v]);
  let slowness: readonly number[] = logs.map(() => 0);
  let latency = new Map<number, number>();
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    latency = new Map(
      [...visitsTo].map(([network, own]) => [network, midmean(own.map((v) => logs[v]! - slowness[v]!))]),
    );
    const rest = visits.map(({ network }, v) => logs[v]! - latency.get(network)!);
    slowness = rest.map((_, v) => midmean(rest.slice(Math.max(0, v - NEIGHBOURS), v + NEIGHBOURS + 1)));
  }
  const calm =
    calmest(slowness) +
    calmest(visits.map(({ timing }) => Math.log(timing.medianMs / timing.lowerQuartileMs)));
  return new Map([...latency].map(([network, log]) => [network, Math.exp(calm + log)]));
}

/**
 * The mean of the middle half: nearly as robust as the median, and of some noisy visits not nearly always one's own, which the
 * two factors would never get away from.
 */
function midmean(values: readonly number[]): number {
  const left = values.length < 3 ? 0 : Math.max(1, values.length >> 2);
  const middle = [...values].sort((a, b) => a - b).slice(left, values.length - left);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

const calmest = (values: readonly number[]): number =>
  quantile(
    [...values].sort((a, b) => a - b),
    CALM_VISITS,
  );
