/** Evaluation of models whose answers are known without running them. */
import { describe, expect, test } from 'vitest';
import type { ImageDataset } from '../data/dataset.ts';
import { encodeModel } from '../onnx/encode.ts';
import { createGraphBuilder, float32, int } from '../onnx/graph-builder.ts';
import { evaluateModel } from './evaluate.ts';

const CLASSES = 3;
const split = { count: 6, images: new Uint8Array(6 * 4), labels: Uint16Array.of(0, 0, 0, 1, 1, 2) };
const dataset: ImageDataset = {
  name: 'blank',
  classes: ['a', 'b', 'c'],
  channels: 1,
  height: 2,
  width: 2,
  train: split,
  val: split,
  test: null,
  normalisation: { mean: [0.5], std: [0.25] },
  fingerprint: '',
};

/** A model that gives every image the same logits. */
function constantModel(logits: readonly number[]): Uint8Array {
  const g = createGraphBuilder({ name: 'constant' });
  const pixels = g.op('Flatten', [g.input('image', 'float32', ['batch', 1, 2, 2])], { axis: int(1) });
  const weight = g.initializer('weight', float32(new Float32Array(4 * logits.length), [4, logits.length]));
  g.output(g.op('Add', [g.op('MatMul', [pixels, weight]), g.initializer('bias', float32(logits))]));
  return encodeModel(g.build());
}

const evaluate = (logits: readonly number[]) =>
  evaluateModel({ model: constantModel(logits), split, dataset, threads: 1 });

describe('evaluation', () => {
  test('of equal logits is the first class, and the loss is log of the number of classes', async () => {
    const { accuracy, loss, confusion, right } = await evaluate([0, 0, 0]);
    expect(accuracy).toBeCloseTo(3 / 6, 12);
    expect(loss).toBeCloseTo(Math.log(CLASSES), 6);
    expect(confusion).toEqual([
      [3, 0, 0],
      [2, 0, 0],
      [1, 0, 0],
    ]);
    expect([...right]).toEqual([...split.labels].map((label) => (label === 0 ? 1 : 0)));
  });

  test('of logits that are not numbers is wrong for every image, of the first class too', async () => {
    for (const logits of [
      [Number.NaN, Number.NaN, Number.NaN],
      [1, Number.NaN, 0],
    ]) {
      const { accuracy, loss, confusion, right } = await evaluate(logits);
      expect(accuracy).toBe(0);
      expect(right).toEqual(new Uint8Array(split.count));
      expect(loss).toBeNaN();
      expect(confusion.flat().reduce((a, b) => a + b, 0)).toBe(split.count);
    }
  });

  test('of no images is 0, and of batches of none is refused', async () => {
    const model = constantModel([0, 0, 0]);
    const none = { count: 0, images: new Uint8Array(0), labels: new Uint16Array(0) };
    expect(await evaluateModel({ model, split: none, dataset, threads: 1 })).toMatchObject({
      accuracy: 0,
      loss: 0,
    });
    await expect(evaluateModel({ model, split, dataset, threads: 1, batch: 0 })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });

  test('refuses a model of other classes than the data', async () => {
    await expect(evaluate([0, 0, 0, 0])).rejects.toMatchObject({ code: 'USAGE' });
    await expect(evaluate([0, 0])).rejects.toThrow('float32 [6, 2] for 6 images of 3 classes');
  });
});
