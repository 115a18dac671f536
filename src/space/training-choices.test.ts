import { expect, test } from 'vitest';
import { networkBuilder } from '../network/builder.ts';
import { candidateHash } from './canonical.ts';
import { float, oneOf, struct } from './choice.ts';
import { defineSpace } from './define-space.ts';
import { spaceDigest } from './digest.ts';
import { hyperparameterSpace } from './hyperparameters.ts';
import type { SearchSpace } from './space.ts';
import { canonicalTraining, type TrainingChoices, trainingOf } from './training-choices.ts';

const io = { inputShape: [1, 4, 4], outputs: 2 } as const;
const spaceWith = (training?: (values: { readonly rate: number }) => TrainingChoices): SearchSpace =>
  defineSpace({
    name: 'trained',
    description: 'One layer.',
    choices: struct({ width: oneOf([2, 3]), rate: float(0.1, 1) }),
    build: ({ width }, { inputShape, outputs }) => {
      const b = networkBuilder(inputShape);
      return b.build([b.linear(b.linear(b.flatten(b.input), { out: width }), { out: outputs })]);
    },
    ...(training !== undefined && { training }),
  });
const genome = { width: 2, rate: 0.5 };

test('the training is what the space makes of the genome', () => {
  const space = spaceWith(({ rate }) => ({ learningRate: rate, augmentation: { mixup: 0.2 } }));
  expect(trainingOf(space, genome)).toEqual({ learningRate: 0.5, augmentation: { mixup: 0.2 } });
});

test('a space that chooses nothing has none', () => {
  expect(trainingOf(spaceWith(), genome)).toBeNull();
  expect(
    trainingOf(
      spaceWith(() => ({})),
      genome,
    ),
  ).toBeNull();
});

test.each([
  ['learningRate', { learningRate: 0 }, /learningRate: .*>0/],
  ['learningRate', { learningRate: Number.NaN }, /learningRate: /],
  ['batchSize', { batchSize: 7.5 }, /batchSize: .*int/],
  ['optimiser', { optimiser: 'adam' }, /optimiser: .*adamw/],
  ['augmentation.mixup', { augmentation: { mixup: -1 } }, /augmentation\.mixup: /],
  ['augmentation.mixUp', { augmentation: { mixUp: 1 } }, /augmentation\.mixUp: .*there are flip,/],
  ['learning_rate', { learning_rate: 1 }, /learning_rate: .*there are optimiser, learningRate/],
  ['(root)', 3, /\(root\): /],
])('a wrong %s is named with its path', (_, training, message) => {
  const space = spaceWith(() => training as TrainingChoices);
  expect(() => trainingOf(space, genome)).toThrow(message);
  // Nobody waits for the first trial to learn of it.
  expect(() => spaceDigest(space, io)).toThrow(message);
});

test('a training function that fails is a mistake of the space', () => {
  const space = spaceWith(() => {
    throw new TypeError('boom');
  });
  expect(() => trainingOf(space, genome)).toThrow(
    expect.objectContaining({ code: 'TRAINING', message: expect.stringContaining('boom') }),
  );
});

test('candidates differ when their trainings do, and not by the order of fields', () => {
  const [a, b, c]: readonly TrainingChoices[] = [
    { learningRate: 0.1, augmentation: { flip: true, mixup: 0 } },
    { augmentation: { mixup: 0, flip: true }, learningRate: 0.1 },
    { learningRate: 0.2, augmentation: { flip: true, mixup: 0 } },
  ];
  expect(canonicalTraining(a!)).toBe(canonicalTraining(b!));
  expect(candidateHash('network', a!)).toBe(candidateHash('network', b!));
  expect(candidateHash('network', a!)).not.toBe(candidateHash('network', c!));
  expect(candidateHash('network', null)).toBe('network');
});

test('the digest of a space knows its trainings', () => {
  const digests = [
    spaceWith(),
    spaceWith(({ rate }) => ({ learningRate: rate })),
    spaceWith(({ rate }) => ({ learningRate: rate / 2 })),
  ].map((space) => spaceDigest(space, io));
  expect(new Set(digests).size).toBe(3);
});

test('hyperparameters alone: one network, many trainings', () => {
  const space = hyperparameterSpace({ space: spaceWith(), genome });
  const chosen = { learningRate: 0.1, weightDecay: 1e-4, batchSize: 64, labelSmoothing: 0.1 };
  expect(space.build(chosen, io)).toEqual(spaceWith().build(genome, io));
  expect(trainingOf(space, chosen)).toEqual(chosen);
  expect(() => hyperparameterSpace({ space: spaceWith(), genome: { width: 4, rate: 0.5 } })).toThrow(
    'width: 4 is not one of 2, 3',
  );
});
