import { expect, test } from 'vitest';
import { arithmetic } from '../autodiff/arithmetic.ts';
import { gradients } from '../autodiff/backward.ts';
import { lower } from '../autodiff/lowering/index.ts';
import { NO_AUGMENTATION } from '../data/augment.ts';
import { datasetOf, randomSplit } from '../data/testing/images.ts';
import { classifierHead } from '../network/blocks/classifier-head.ts';
import { convBnAct } from '../network/blocks/conv-bn-act.ts';
import { residualBlock } from '../network/blocks/residual-block.ts';
import { encodeModel } from '../onnx/encode.ts';
import { createGraphBuilder, float32 } from '../onnx/graph-builder.ts';
import { createRandom } from '../random.ts';
import { createSession } from '../runtime/session.ts';
import { calibrationBatches } from './calibration/batches.ts';
import { fakeQuantise } from './fake-quantise.ts';
import { fineTune } from './fine-tune.ts';
import { planQuantisation } from './plan.ts';
import { calibrate, quantiseCalibrated } from './quantise.ts';
import { affineValues } from './ranges.ts';
import { TARGETS } from './targets.ts';
import { decibels, feedsFor, outputOf, smallModel } from './testing/models.ts';

const model = smallModel((b) => {
  const x = convBnAct(b, b.input, { out: 8, kernel: 3, activation: 'relu6' });
  return classifierHead(b, residualBlock(b, x, { out: 8, kernel: 3, stride: 2, activation: 'relu' }), 4);
});

test.each(['onnxruntime', 'tensorrt'] as const)(
  'fake quantisation computes what the quantised model does: %s',
  async (name) => {
    const options = { target: name, rounding: 'nearest', biasCorrection: false } as const;
    const calibration = await calibrate(model, [feedsFor(model, 'a')], options);
    const plan = planQuantisation(calibration.model.graph, new Set());
    const target = TARGETS[name];
    const affines = affineValues(calibration.model.graph, plan, calibration.ranges, target);
    const fake = fakeQuantise(calibration.model, plan, affines, { target, limit: 127 });
    const { model: quantised } = quantiseCalibrated(calibration);
    const feeds = feedsFor(model, 'test');
    // ONNX Runtime must not merge the pairs into integer kernels here: the training graph computes in float.
    const expected = await outputOf(quantised, feeds, { optimisation: 'disabled' });
    const actual = await outputOf({ ...fake, opsets: { '': 21 } }, feeds, { optimisation: 'disabled' });
    expect(decibels(expected, actual)).toBeGreaterThan(40);
    expect(decibels(await outputOf(model, feeds), actual)).toBeLessThan(decibels(expected, actual) - 10);
  },
);

test('gradients go straight through the rounding and stop at the clipping', async () => {
  const x = Float32Array.of(-3, -0.26, -0.1, 0, 0.31, 0.9, 1.7, 5);
  const g = createGraphBuilder({ name: 'straight-through' });
  const m = arithmetic(g);
  g.input('x', 'float32', [x.length]);
  const clipped = g.op('Clip', ['x', m.scalar(-0.5), m.scalar(2)]);
  const zero = g.constant({ dtype: 'uint8', shape: [], data: Uint8Array.of(5) });
  const integers = g.op('QuantizeLinear', [clipped, m.scalar(0.1), zero]);
  const rounded = g.op('DequantizeLinear', [integers, m.scalar(0.1), zero]);
  const factors = Float32Array.from(x, (_, i) => i + 1);
  const loss = m.sum(m.mul(rounded, g.constant(float32(factors))), [0], false);
  const found = gradients(m, [...g.nodes()], loss, ['x']);
  g.output(rounded);
  g.output(found.get('x')!);
  const session = await createSession(encodeModel(lower(g.build(), (value) => g.shape(value))));
  const outputs = await session.run({ x: { dtype: 'float32', shape: [x.length], data: x } });
  await session.release();
  const [values, dx] = session.outputNames.map((n) => Array.from(outputs[n]!.data as Float32Array));
  [-0.5, -0.3, -0.1, 0, 0.3, 0.9, 1.7, 2].forEach((v, i) => {
    expect(values![i]).toBeCloseTo(v, 6);
  });
  expect(dx).toEqual([0, 2, 3, 4, 5, 6, 7, 0]);
});

test('fine-tuning brings the quantised model back to the float one, and is deterministic', async () => {
  const shape = { channels: 3, height: 8, width: 8, classes: 4 } as const;
  const split = randomSplit(128, shape, 'fine-tune');
  const dataset = datasetOf({ train: split }, shape);
  const random = createRandom('fine-tune');
  const images = { input: 'input', batch: 32, random };
  const batches = calibrationBatches(dataset, { ...images, images: 128 });
  // Calibrated on far too faint images, so that activations are clipped and there is something to win back.
  const faint = batches.slice(0, 2).map(({ input }) => ({
    input: { ...input!, data: Float32Array.from(input!.data as Float32Array, (v) => 0.4 * v) },
  }));
  const options = { method: 'minMax' } as const;
  const calibration = await calibrate(model, faint, options);
  /** Of the integer model's logits against the float model's, the mean over the batches, dB. */
  const closeness = async (from: typeof calibration): Promise<number> => {
    const quantised = quantiseCalibrated(from).model;
    let sum = 0;
    for (const feeds of batches) {
      sum += decibels(await outputOf(model, feeds), await outputOf(quantised, feeds));
    }
    return sum / batches.length;
  };
  const run = async () =>
    fineTune({
      calibration,
      options,
      dataset,
      augmentation: NO_AUGMENTATION,
      epochs: 6,
      learningRate: 3e-3,
      batchSize: 32,
      seed: 'fine-tune',
      threads: 1,
    });
  const [first, second] = [await run(), await run()];
  const [before, after] = [await closeness(calibration), await closeness(first.calibration)];
  expect(after).toBeGreaterThan(before + 1.5);
  const bytes = (c: typeof calibration): Uint8Array => encodeModel(quantiseCalibrated(c).model);
  expect(Buffer.compare(bytes(first.calibration), bytes(second.calibration))).toBe(0);
});

test('fine-tuning refuses settings out of range, and where it diverges names what failed', async () => {
  const shape = { channels: 3, height: 8, width: 8, classes: 4 } as const;
  const dataset = datasetOf({ train: randomSplit(64, shape, 'diverge') }, shape);
  const calibration = await calibrate(model, [feedsFor(model, 'a')], {});
  const request = {
    calibration,
    options: {},
    dataset,
    augmentation: NO_AUGMENTATION,
    epochs: 2,
    learningRate: 3e38,
    batchSize: 32,
    seed: 'diverge',
    threads: 1,
  };
  for (const part of [{ epochs: 0 }, { epochs: 1.5 }, { learningRate: 0 }, { batchSize: 0 }])
    await expect(fineTune({ ...request, ...part })).rejects.toMatchObject({ code: 'USAGE' });
  const run = fineTune(request);
  await expect(run).rejects.toMatchObject({
    code: 'DIVERGED',
    message: expect.stringMatching(/ at step \d+ \(epoch \d\), (first in|already before it in|from) .*"/),
    hint: expect.stringContaining('learning rate'),
  });
});
