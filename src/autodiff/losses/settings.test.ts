/** Settings and outputs that would give a wrong number, or none, are refused with what would do. */
import { describe, expect, test } from 'vitest';
import { EspalierError } from '../../errors.ts';
import { createGraphBuilder } from '../../onnx/graph-builder.ts';
import { arithmetic } from '../arithmetic.ts';
import { OPTIMISERS } from '../optimisers/index.ts';
import { LOSSES } from './index.ts';
import type { Loss } from './loss.ts';
import { sumOfLosses } from './sum.ts';

function thrownBy(act: () => unknown): EspalierError | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof EspalierError) return error;
    throw error;
  }
}

/** Builds a loss of an output of the given shape. */
function build(loss: Loss, shape: readonly number[]): void {
  const g = createGraphBuilder({ name: 'loss' });
  loss.build(arithmetic(g), [g.input('output', 'float32', shape)], (value) => value);
}

describe('settings out of range', () => {
  const { adamw, lion, rmsprop, sgd } = OPTIMISERS;
  test.each<[string, () => unknown]>([
    ['binaryCrossEntropy: positiveWeight', () => LOSSES.binaryCrossEntropy({ positiveWeight: -1 })],
    ['crossEntropy: smoothing', () => LOSSES.crossEntropy({ smoothing: 1.5 })],
    ['crossEntropy: classWeights[1]', () => LOSSES.crossEntropy({ classWeights: [1, Number.NaN] })],
    ['focal: alpha', () => LOSSES.focal({ alpha: 2 })],
    ['focal: gamma', () => LOSSES.focal({ gamma: -1 })],
    ['huber: delta', () => LOSSES.huber({ delta: 0 })],
    ['dice: smooth', () => LOSSES.dice({ smooth: -1 })],
    ['distillation: temperature', () => LOSSES.distillation({ temperature: 0 })],
    ['distillation: labelShare', () => LOSSES.distillation({ labelShare: 1.1 })],
    ['crossEntropy: smoothing', () => LOSSES.distillation({ crossEntropy: { smoothing: -1 } })],
    ['sumOfLosses: there are no terms', () => sumOfLosses({})],
    ['sgd: momentum', () => sgd({ momentum: 1 })],
    ['adamw: beta1', () => adamw({ beta1: -0.1 })],
    ['adamw: beta2', () => adamw({ beta2: 1 })],
    ['adamw: epsilon', () => adamw({ epsilon: -1e-8 })],
    ['rmsprop: smoothing', () => rmsprop({ smoothing: 1 })],
    ['rmsprop: momentum', () => rmsprop({ momentum: Number.NaN })],
    ['rmsprop: epsilon', () => rmsprop({ epsilon: Infinity })],
    ['lion: beta1', () => lion({ beta1: 1 })],
    ['lion: beta2', () => lion({ beta2: 2 })],
  ])('%s', (what, act) => {
    const error = thrownBy(act);
    expect(error?.code).toBe('USAGE');
    expect(error?.message.startsWith(what)).toBe(true);
  });

  test('the ends of the ranges are in them', () => {
    for (const make of [
      () => LOSSES.binaryCrossEntropy({ positiveWeight: 0 }),
      () => LOSSES.crossEntropy({ smoothing: 1, classWeights: [0, 1] }),
      () => LOSSES.focal({ alpha: 1, gamma: 0 }),
      () => LOSSES.focal({ alpha: 0, gamma: 1 }),
      () => LOSSES.dice({ smooth: 0 }),
      () => LOSSES.distillation({ labelShare: 1 }),
      () => sgd({ momentum: 0, nesterov: true }),
      () => adamw({ beta1: 0, epsilon: 0 }),
    ])
      expect(thrownBy(make)).toBeNull();
  });
});

describe('outputs that a loss does not take', () => {
  test.each<[string, Loss, readonly number[]]>([
    ['crossEntropy', LOSSES.crossEntropy(), [8]],
    ['crossEntropy', LOSSES.crossEntropy({ classWeights: [1, 2] }), [8, 3]],
    ['distillation', LOSSES.distillation(), [8]],
    ['dice', LOSSES.dice(), [8, 3]],
    ['boxOverlap', LOSSES.boxOverlap(), [8, 5]],
    ['sumOfLosses', sumOfLosses({ boxes: { loss: LOSSES.huber(), outputs: [1] } }), [8, 4]],
  ])('%s', (operator, loss, shape) => {
    const error = thrownBy(() => build(loss, shape));
    expect(error?.code).toBe('SHAPE');
    expect(error?.details.operator).toBe(operator);
  });
});
