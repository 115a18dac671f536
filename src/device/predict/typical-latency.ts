/**
 * A network's latency from brief timings that lie minutes apart, on a machine that others use too.
 *
 * What other work adds to a run is never negative, so the fastest run of a visit says more about the network than the median:
 * two sessions on a machine whose other processes took a third of its time differed by 4 % with the fastest runs, by 9 % with
 * medians (docs/devices.md). But a user meets the median run. How much longer that is on a calm machine hardly depends on the
 * network, and so all visits together tell it.
 */
import { quantile } from '../median-interval.ts';

/** Some runs of a network one after the other, milliseconds. */
export interface BriefTiming {
  readonly fastestMs: number;
  readonly medianMs: number;
}

/** A figure from elsewhere, whose runs are not known. */
export const steady = (ms: number): BriefTiming => ({ fastestMs: ms, medianMs: ms });

/**
 * The mean of this share of the visits counts, those with the fastest runs. A share and not a number: the fastest three of eight are
 * faster than the fastest three of five (by 2.5 % where visits differ by 7 %), and a check must find what a calibration does.
 */
const FAST_VISITS = 0.6;
/** That share of the visits is taken for calm ones, in which a median run is a typical one. */
const CALM_VISITS = 0.25;

/**
 * @param networks the visits to each network, one at least
 * @returns milliseconds of a median run when the machine is calm, for each network
 */
export function typicalLatencies(networks: readonly (readonly BriefTiming[])[]): number[] {
  const medianOverFastest = networks
    .flat()
    .map(({ fastestMs, medianMs }) => medianMs / fastestMs)
    .sort((a, b) => a - b);
  const calm = medianOverFastest.length === 0 ? 1 : quantile(medianOverFastest, CALM_VISITS);
  return networks.map((visits) => {
    const fastest = visits
      .map(({ fastestMs }) => Math.log(fastestMs))
      .sort((a, b) => a - b)
      .slice(0, Math.max(1, Math.round(FAST_VISITS * visits.length)));
    return calm * Math.exp(fastest.reduce((sum, log) => sum + log, 0) / fastest.length);
  });
}
