/** That a training plan asks for a training that can be: numbers out of their range would train something else, or for ever. */
import { fail } from '../errors.ts';
import type { TrainingPlan } from './plan.ts';

/**
 * @param classes of the data
 * @throws USAGE with the field
 */
export function checkPlan(plan: TrainingPlan, classes: number): void {
  const require = (field: string, value: unknown, holds: boolean, range: string): void => {
    if (!holds) fail('USAGE', { what: `The training plan's ${field} is ${value}`, hint: `Give ${range}.` });
  };
  const { epochs, batchSize, dataShare, learningRate, warmup, labelSmoothing, classWeights, clipNorm, ema } =
    plan;
  const { weightDecay } = plan.optimiser;
  const isWhole = (value: number): boolean => Number.isInteger(value) && value > 0;
  const isShare = (value: number): boolean => value >= 0 && value <= 1;
  const isAmount = (value: number): boolean => value >= 0 && value < Infinity;
  require('epochs', epochs, isWhole(epochs), 'a whole number above 0');
  require('batchSize', batchSize, isWhole(batchSize), 'a whole number above 0');
  require('dataShare', dataShare, dataShare > 0 && dataShare <= 1, 'a number above 0 and up to 1');
  require('learningRate', learningRate, isAmount(learningRate), 'a finite number that is not negative');
  require('weightDecay', weightDecay, isAmount(weightDecay), 'a finite number that is not negative');
  require('warmup', warmup, isShare(warmup), 'a number from 0 to 1');
  require('labelSmoothing', labelSmoothing, isShare(labelSmoothing), 'a number from 0 to 1');
  require('clipNorm', clipNorm, isAmount(clipNorm), 'a finite number that is not negative; 0 for none');
  require('ema', ema, ema >= 0 && ema < 1, 'a number from 0 to below 1; 0 for none');
  require('classWeights', classWeights, classWeights === null ||
    (classWeights.length === classes &&
      classWeights.every(
        isAmount,
      )), `null, or a finite number that is not negative for each of the ${classes} classes`);
}
