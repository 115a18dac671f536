/** Learning-rate schedules. */
import type { TrainingPlan } from './plan.ts';

/** Where the one-cycle and cosine schedules end, relative to the peak. */
const FINAL = 1e-3;

const cosine = (from: number, to: number, share: number): number =>
  to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;

const AFTER_WARMUP: Readonly<Record<TrainingPlan['schedule'], (share: number) => number>> = {
  /** Linear descent after the warm-up: with it, the triangle of Smith & Topin 2019. */
  oneCycle: (share) => 1 + (FINAL - 1) * share,
  /** Loshchilov & Hutter 2017, without restarts. */
  cosine: (share) => cosine(1, FINAL, share),
  constant: () => 1,
};

/**
 * The learning rate at a point of the training.
 * @param progress share of the training done, 0..1
 */
export function learningRate(
  plan: Pick<TrainingPlan, 'learningRate' | 'schedule' | 'warmup'>,
  progress: number,
): number {
  const { warmup } = plan;
  const done = Math.min(Math.max(progress, 0), 1);
  if (done < warmup) return plan.learningRate * (0.05 + 0.95 * (done / warmup));
  return plan.learningRate * AFTER_WARMUP[plan.schedule](warmup >= 1 ? 1 : (done - warmup) / (1 - warmup));
}
