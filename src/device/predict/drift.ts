/**
 * By how much a machine's speed differs from one session to the next.
 *
 * A calibration sees its own session alone, but in rounds that lie minutes apart: the median network's change from one round
 * to the next is a draw of that drift. Few such draws say little, so they correct what was found on other machines rather
 * than replace it: the posterior mean scale of an inverse gamma prior (Gelman et al. 2013, section 2.6).
 */
import { median } from '../median-interval.ts';

/** Standard deviation of the share, as measured on two rented servers over thirty sessions (docs/devices.md). */
export const USUAL_DRIFT = 0.05;
/** As many draws is that knowledge worth: machines differ more than the sessions of one. */
const WEIGHT = 6;
/** Medians of fewer networks are the networks' own noise. */
const FEWEST = 20;

/** @param networks milliseconds of each network in every round that it was timed in */
export function driftOf(networks: readonly (readonly number[])[]): number {
  const rounds = Math.max(0, ...networks.map((times) => times.length));
  let squares = WEIGHT;
  let draws = WEIGHT;
  for (let round = 1; round < rounds; round++) {
    const changes = networks.flatMap((times) =>
      times.length > round ? [Math.log(times[round]! / times[round - 1]!)] : [],
    );
    if (changes.length < FEWEST) continue;
    squares += (median(changes) / USUAL_DRIFT) ** 2;
    draws++;
  }
  return USUAL_DRIFT * Math.sqrt(squares / draws);
}
