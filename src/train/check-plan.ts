/** That a training plan asks for a training that can be: numbers out of their range would train something else, or for ever. */
import { fail } from '../errors.ts';
import type { TrainingPlan } from './plan.ts';

/**
 * @param classes of the data
 * @throws USAGE with the field
 */
export function checkPlan(plan: TrainingPlan, classes: number): void {
  const check = (field: string, value: unknown, holds: boolean, range: string): void => {
    if (!holds) fail('USAGE', { what: `The training plan's ${field} is ${value}`, hint: `Give ${range}.` });
  };
  const { epochs, batchSize, dataShare, learningRate, warmup, labelSmoothing, classWeights } = plan;
  const { clipNorm, ema, augmentation } = plan;
  const { weightDecay } = plan.optimiser;
  const isWhole = (value: number): boolean => Number.isInteger(value) && value > 0;
  const isShare = (value: number): boolean => value >= 0 && value <= 1;
  const isAmount = (value: number): boolean => value >= 0 && value < Infinity;
  const { shift, cutout, jitter, rotate, scale, mixup } = augmentation;
  const isPixels = (value: number): boolean => value === 0 || isWhole(value);
  check('epochs', epochs, isWhole(epochs), 'a whole number above 0');
  check('batchSize', batchSize, isWhole(batchSize), 'a whole number above 0');
  check('dataShare', dataShare, dataShare > 0 && dataShare <= 1, 'a number above 0 and up to 1');
  check('learningRate', learningRate, isAmount(learningRate), 'a finite number that is not negative');
  check('weightDecay', weightDecay, isAmount(weightDecay), 'a finite number that is not negative');
  check('warmup', warmup, isShare(warmup), 'a number from 0 to 1');
  check('labelSmoothing', labelSmoothing, isShare(labelSmoothing), 'a number from 0 to 1');
  check('clipNorm', clipNorm, isAmount(clipNorm), 'a finite number that is not negative; 0 for none');
  check('ema', ema, ema >= 0 && ema < 1, 'a number from 0 to below 1; 0 for none');
  check(
    'classWeights',
    classWeights,
    classWeights === null || (classWeights.length === classes && classWeights.every(isAmount)),
    `null, or a finite number that is not negative for each of the ${classes} classes`,
  );
  check('augmentation.shift', shift, isPixels(shift), 'a whole number of pixels; 0 for none');
  check('augmentation.cutout', cutout, isPixels(cutout), 'a whole number of pixels; 0 for none');
  check('augmentation.jitter', jitter, isShare(jitter), 'a number from 0 to 1');
  check('augmentation.rotate', rotate, rotate >= 0 && rotate <= 180, 'a number of degrees from 0 to 180');
  check('augmentation.scale', scale, scale >= 0 && scale < 1, 'a number from 0 to below 1');
  check('augmentation.mixup', mixup, isAmount(mixup), 'a finite number that is not negative; 0 for none');
}
