/** When no trial is complete within the bounds: what is trained then, and what is said. */
import { broken } from '../study/measure.ts';
import { OUT_OF_TIME } from '../study/run-study.ts';
import type { Constraint, Trial } from '../study/trial.ts';

/**
 * The network to train when the time was over before any trial: of those that the clock ended, the one with the best last
 * validation accuracy, else the one with the fewest multiply-accumulates. Null when the clock is not to blame.
 */
export function furthestTrial(trials: readonly Trial[], constraints: readonly Constraint[]): Trial | null {
  const ended = trials.filter(
    ({ reason, measures }) => reason === OUT_OF_TIME && broken(constraints, measures).length === 0,
  );
  const accuracy = ({ curve }: Trial): number => curve.at(-1)?.valAccuracy ?? Number.NEGATIVE_INFINITY;
  const macs = ({ measures }: Trial): number => measures.macs ?? Number.POSITIVE_INFINITY;
  return ended.reduce<Trial | null>((best, trial) => {
    if (best === null || accuracy(trial) > accuracy(best)) return trial;
    return accuracy(trial) === accuracy(best) && macs(trial) < macs(best) ? trial : best;
  }, null);
}

const SHOWN = 3;

/** Why there is no complete trial within the bounds, the commonest reason first, each with how often and an example. */
export function whyNone(trials: readonly Trial[], constraints: readonly Constraint[]): string {
  const groups = new Map<string, string[]>();
  for (const trial of trials) {
    const reason = reasonOf(trial, constraints);
    // Figures and names of layers differ from trial to trial.
    const kind = reason.replace(/"[^"]*"|[\d.]+/g, '…');
    groups.set(kind, [...(groups.get(kind) ?? []), reason]);
  }
  return [...groups.values()]
    .sort((a, b) => b.length - a.length)
    .slice(0, SHOWN)
    .map((reasons) => `${reasons.length} of them: ${reasons.sort()[0]}`)
    .join('; ');
}

function reasonOf({ reason, measures, state }: Trial, constraints: readonly Constraint[]): string {
  if (reason !== null) return reason;
  const over = broken(constraints, measures);
  return over.length === 0
    ? `it is ${state}`
    : over
        .map(({ measure, max }) => `${measure} ${measures[measure]} is over the bound of ${max}`)
        .join(' and ');
}

/** The way out that goes with the commonest of the reasons. */
export function wayOut(why: string, run: string): string {
  if (why.includes('over the bound'))
    return 'Raise the bound, or take another space (espalier spaces); trials.json lists what each network had.';
  if (why.includes(OUT_OF_TIME) || why.includes('time limit') || why.includes('the time was over'))
    return 'Give more --time (or --trial-timeout), or bound the networks with --max-macs.';
  if (why.includes('out of memory'))
    return 'Use fewer --workers, a smaller --batch-size, or bound the networks with --max-memory.';
  if (why.includes('diverged') || why.includes('not a number'))
    return 'Lower --learning-rate, and look at the images with `espalier data`.';
  return `Look at the reasons in ${run}/trials.json; \`espalier doctor\` examines the machine.`;
}
