import { expect, test } from 'vitest';
import { NO_AUGMENTATION } from '../data/augment.ts';
import { defaultPlan } from '../estimation/default-plan.ts';
import { adjusted } from './recipe.ts';

const augmentation = { ...NO_AUGMENTATION, flip: true, shift: 2 };
const recipe = defaultPlan({
  classCounts: [4000, 4000, 4000],
  fidelity: { epochs: 2, dataShare: 1 },
  augmentation,
  final: false,
});
const none = { batchSize: null, learningRate: null };

test('nothing chosen, nothing changed', () => {
  expect(adjusted(recipe, none)).toEqual(recipe);
});

test('the rate follows the batch unless it is given', () => {
  const half = recipe.batchSize / 2;
  expect(adjusted(recipe, { ...none, batchSize: half }).learningRate).toBeCloseTo(recipe.learningRate / 2);
  expect(adjusted(recipe, { batchSize: half, learningRate: 0.3 }).learningRate).toBe(0.3);
  expect(adjusted(recipe, none, { batchSize: half }).learningRate).toBeCloseTo(recipe.learningRate / 2);
});

test('what the genome chooses goes before what holds for all candidates', () => {
  const plan = adjusted(recipe, { batchSize: 16, learningRate: 0.3 }, { learningRate: 0.01, batchSize: 32 });
  expect(plan).toMatchObject({ learningRate: 0.01, batchSize: 32 });
});

test('every choice arrives in the plan, and the rest stays', () => {
  const plan = adjusted(recipe, none, {
    weightDecay: 0.003,
    momentum: 0.5,
    labelSmoothing: 0.1,
    schedule: 'cosine',
    warmup: 0.5,
    clipNorm: 0,
    augmentation: { mixup: 0.2, flip: false },
  });
  expect(plan).toEqual({
    ...recipe,
    optimiser: { ...recipe.optimiser, weightDecay: 0.003, momentum: 0.5 },
    labelSmoothing: 0.1,
    schedule: 'cosine',
    warmup: 0.5,
    clipNorm: 0,
    augmentation: { ...augmentation, mixup: 0.2, flip: false },
  });
});

test('another optimiser brings a rate of its own', () => {
  const plan = adjusted(recipe, none, { optimiser: 'adamw', momentum: 0.8 });
  expect(plan.optimiser).toMatchObject({ kind: 'adamw', beta1: 0.8 });
  expect(plan.learningRate).toBeLessThan(recipe.learningRate / 10);
  expect(adjusted(recipe, none, { optimiser: 'sgd' })).toEqual(recipe);
});
