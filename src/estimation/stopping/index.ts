/** The stopping rules. To add one: a file beside this one, and a row. */
import { fail } from '../../errors.ts';
import type { Measures, Objective } from '../../study/trial.ts';
import { curveStopping } from './curve.ts';
import { medianStopping } from './median.ts';
import { percentileStopping } from './percentile.ts';
import { type Curve, LEAST_EARLIER, type StoppingRule } from './rule.ts';

export const STOPPING_RULES: Readonly<Record<string, StoppingRule>> = {
  median: medianStopping,
  percentile: percentileStopping,
  curve: curveStopping,
};

/** A trial to be compared with. */
interface EarlierTrial {
  /** Validation accuracy after each epoch, 0..1. */
  readonly curve: Curve;
  /** By name, in the units of `Measures`. */
  readonly measures: Measures;
}

/** What a trial is told of earlier ones, so that it can stop itself: plain JSON. */
export interface StopRequest {
  /** `median` (Golovin et al. 2017), `percentile:25`, `curve`: as `--stop` takes it. */
  readonly rule: string;
  /** Complete trials of the same fidelity whose results this trial may know of. */
  readonly earlier: readonly EarlierTrial[];
  /** Objectives that are known before training: latency, size, cost. */
  readonly costs: readonly Objective[];
}

/** @throws USAGE when there is no such rule, or its number is out of range */
export function parseStoppingRule(text: string): {
  readonly rule: StoppingRule;
  readonly argument: number;
} {
  const [name = '', number, ...rest] = text.split(':');
  const rule = STOPPING_RULES[name];
  const refuse = (hint: string): never =>
    fail('USAGE', { what: `--stop ${text}: there is no such rule`, hint });
  if (rule === undefined || rest.length > 0)
    return refuse(`Write one of ${Object.keys(STOPPING_RULES).join(', ')}.`);
  if (number === undefined) return { rule, argument: rule.argument?.byDefault ?? 0 };
  const value = Number(number);
  if (rule.argument === null) return refuse(`Write ${name} without a number.`);
  const { least, most } = rule.argument;
  if (number.trim() === '' || !(value > least && value < most))
    return refuse(
      `The number must lie between ${least} and ${most}, as in ${name}:${rule.argument.byDefault}.`,
    );
  return { rule, argument: value };
}

/**
 * Why a trial should stop after its last epoch; null: it should not. A trial is compared with earlier ones that are as
 * good in every cost: a slow network's accuracy says nothing against a fast one's.
 * @param measures of the trial, as far as known
 */
export function reasonToStop(
  { rule: text, earlier, costs }: StopRequest,
  curve: Curve,
  measures: Measures,
): string | null {
  const { rule, argument } = parseStoppingRule(text);
  const noWorse = earlier.filter(
    (other) =>
      other.curve.length > curve.length &&
      costs.every(({ measure, direction }) => {
        const sign = direction === 'minimise' ? 1 : -1;
        return sign * other.measures[measure]! <= sign * measures[measure]!;
      }),
  );
  if (noWorse.length < LEAST_EARLIER) return null;
  const reason = rule.stop(
    curve,
    noWorse.map((other) => other.curve),
    argument,
  );
  return reason === null ? null : `stopped (${rule.name}): ${reason}`;
}
