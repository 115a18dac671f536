import { describe, expect, it } from 'vitest';
import { randomNetwork } from '../../test/fixtures/random-network.ts';
import {
  engineShapes,
  randomImages,
  runInference,
  runModel,
  trainedWeights,
} from '../../test/fixtures/run-model.ts';
import { SMALL_PRESETS } from '../../test/fixtures/small-presets.ts';
import { checkModel } from '../onnx/check.ts';
import { float32 } from '../onnx/graph-builder.ts';
import type { Tensor } from '../onnx/model.ts';
import { createRandom } from '../random.ts';
import { sampleNetwork } from '../space/sample-network.ts';
import { networkBuilder } from './builder.ts';
import { initialWeights } from './initialise.ts';
import { ACTIVATIONS, type Network } from './network.ts';
import { networkShapes } from './rules/shape.ts';
import { networkToOnnx } from './to-onnx.ts';

/** Every layer that became a node has the shape that ONNX Runtime infers for it, and that comes out when it runs. */
async function expectEngineAgrees(network: Network): Promise<void> {
  const weights = initialWeights(network, createRandom('shapes'));
  const model = networkToOnnx(network, weights, { mode: 'inference', batch: 'batch' });
  expect(checkModel(model)).toEqual([]);
  const engine = await engineShapes(model, 2);
  const shapes = networkShapes(network);
  let compared = 0;
  for (const { id } of network.nodes) {
    const found = engine.get(id);
    if (found === undefined) continue;
    const shape = shapes.get(id)!;
    // ONNX Runtime forgets the batch's symbol after Resize.
    const [batch, ...inferred] = found.inferred;
    expect.soft(['batch', '']).toContain(batch);
    expect.soft(inferred, id).toEqual(shape);
    expect.soft(found.actual, id).toEqual([2, ...shape]);
    compared++;
  }
  // Missing are only what inference leaves out and what no output needs.
  expect(compared).toBeGreaterThanOrEqual((model.graph.nodes.length - 1) * 0.6);
  const training = networkToOnnx(network, weights, { mode: 'training', batch: 2 });
  expect(checkModel(training)).toEqual([]);
  expect((await engineShapes(training, 2)).get('logits')!.actual).toEqual([
    2,
    ...shapes.get(network.outputs[0]!)!,
  ]);
}

describe('shapes equal those of ONNX Runtime', () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed))('random network %i', (seed) =>
    expectEngineAgrees(randomNetwork(seed)),
  );

  const random = createRandom('presets');
  const io = [
    { inputShape: [3, 32, 32], outputs: 10 },
    { inputShape: [1, 29, 43], outputs: 3 },
  ] as const;
  const cases = Object.entries(SMALL_PRESETS).flatMap(([name, space]) =>
    [0, 1, 2].flatMap((i) =>
      io.map((task) => [name, i, sampleNetwork(space, random, task).network] as const),
    ),
  );
  it.each(cases)('%s, sample %i', (_, __, network) => expectEngineAgrees(network));

  it('also where a scale cannot be written exactly', async () => {
    for (const [from, to] of [
      [7, 31],
      [7, 62],
      [49, 3],
      [3, 7],
      [93, 70],
    ] as const) {
      const b = networkBuilder([1, from, from]);
      await expectEngineAgrees(b.build([b.resize(b.input, { size: [to, to], mode: 'nearest' })]));
    }
  });
});

describe('values', () => {
  /** Of the mathematical definitions, with PyTorch's constants. */
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
  const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
  /** Abramowitz & Stegun 7.1.26, |error| < 1.5e-7. */
  const erf = (x: number): number => {
    const t = 1 / (1 + 0.3275911 * Math.abs(x));
    const poly =
      ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
    return Math.sign(x) * (1 - poly * Math.exp(-x * x));
  };
  const EXPECTED: { readonly [A in (typeof ACTIVATIONS)[number]]: (x: number) => number } = {
    relu: (x) => Math.max(0, x),
    relu6: (x) => clamp(x, 0, 6),
    leakyRelu: (x) => (x < 0 ? 0.01 * x : x),
    sigmoid,
    tanh: Math.tanh,
    hardSigmoid: (x) => clamp(x / 6 + 0.5, 0, 1),
    hardSwish: (x) => x * clamp(x / 6 + 0.5, 0, 1),
    silu: (x) => x * sigmoid(x),
    gelu: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  };
  it.each(ACTIVATIONS)('%s', async (name) => {
    const b = networkBuilder([8]);
    const x = Float32Array.of(-8, -3.5, -1, -0.1, 0, 0.7, 2.5, 7);
    const found = await runInference(b.build([b.activation(b.input, name)]), new Map(), x);
    for (const [i, value] of found.entries()) expect(value).toBeCloseTo(EXPECTED[name](x[i]!), 5);
  });

  it('averages do not count padding', async () => {
    const b = networkBuilder([1, 3, 3]);
    const pooled = b.averagePool(b.input, { kernel: 3, stride: 1, padding: [1, 1, 1, 1] });
    const ones = new Float32Array(9).fill(1);
    expect(await runInference(b.build([pooled]), new Map(), ones)).toEqual(new Array(9).fill(1));
  });

  it('slices take the box that they name, on any axes', async () => {
    const b = networkBuilder([2, 3, 4]);
    const images = randomImages(24, 'slices');
    const at = (c: number, y: number, x: number): number => images[12 * c + 4 * y + x]!;
    const run = (size: number[], start?: number[]): Promise<number[]> =>
      runInference(
        b.build([b.slice(b.input, { size, ...(start === undefined ? {} : { start }) })]),
        new Map(),
        images,
      );
    expect(await run([1, 3, 4], [1, 0, 0])).toEqual([...images.slice(12)]);
    expect(await run([1, 3, 4])).toEqual([...images.slice(0, 12)]);
    expect(await run([2, 1, 2], [0, 2, 1])).toEqual([at(0, 2, 1), at(0, 2, 2), at(1, 2, 1), at(1, 2, 2)]);
    expect(await run([2, 3, 4])).toEqual([...images]);
  });

  it('zeros add nothing, strided or alone', async () => {
    const b = networkBuilder([1, 4, 4]);
    const strided = b.maxPool(b.input, { kernel: 1, stride: 2 });
    const images = randomImages(16, 'zeros');
    const expected = [0, 2, 8, 10].map((i) => images[i]!);
    const zero = b.zero(b.input, { stride: 2 });
    expect(await runInference(b.build([b.add([zero, strided])]), new Map(), images)).toEqual(expected);
    const nothing = b.add([zero, b.add([zero, zero])]);
    const found = await runInference(b.build([nothing]), new Map(), images);
    expect(found.map(Math.abs)).toEqual([0, 0, 0, 0]);
  });

  it('dropout and stochastic depth are absent from inference', () => {
    const b = networkBuilder([4, 3, 3]);
    const network = b.build([b.flatten(b.stochasticDepth(b.dropout(b.input, 0.5), 0.5))]);
    const ops = (model: ReturnType<typeof networkToOnnx>): string[] => model.graph.nodes.map((n) => n.op);
    expect(ops(networkToOnnx(network, new Map(), { mode: 'inference', batch: 1 }))).toEqual([
      'Flatten',
      'Identity',
    ]);
    expect(ops(networkToOnnx(network, new Map(), { mode: 'training', batch: 2 }))).toEqual([
      'Dropout',
      'Dropout',
      'Mul',
      'Flatten',
      'Identity',
    ]);
  });

  it('bilinear resizing has half-pixel centres', async () => {
    const b = networkBuilder([1, 1, 4]);
    const network = b.build([b.resize(b.input, { size: [1, 2], mode: 'bilinear' })]);
    // torch.nn.functional.interpolate(…, mode='bilinear', align_corners=False) gives the means of the pairs.
    expect(await runInference(network, new Map(), Float32Array.of(1, 2, 5, 7))).toEqual([1.5, 6]);
  });
});

describe('names and weights', () => {
  it('a layer may be called logits', async () => {
    const b = networkBuilder([2, 1, 1]);
    const network = b.build([b.linear(b.flatten(b.input), { out: 3, id: 'logits' })]);
    const weights = trainedWeights(network, 'names');
    const model = networkToOnnx(network, weights, { mode: 'inference', batch: 'batch' });
    expect(model.graph.outputs.map((o) => [o.name, o.shape])).toEqual([['logits', ['batch', 3]]]);
    expect(await runModel(model, Float32Array.of(1, 2))).toHaveLength(3);
  });

  it('a missing or misshapen weight is named', () => {
    const b = networkBuilder([2, 1, 1]);
    const network = b.build([b.linear(b.flatten(b.input), { out: 3, id: 'fc' })]);
    const weights = initialWeights(network, createRandom(0));
    const convert = (name: string, tensor: Tensor | null) => () => {
      const changed = new Map([...weights, ...(tensor ? [[name, tensor] as const] : [])]);
      if (tensor === null) changed.delete(name);
      return networkToOnnx(network, changed, { mode: 'inference', batch: 1 });
    };
    expect(convert('fc.bias', null)).toThrow(/"fc".*bias.*missing/);
    expect(convert('fc.weight', float32(new Float32Array(6), [2, 3]))).toThrow(/"fc".*\[3, 2\].*\[2, 3\]/);
  });
});

describe('initialWeights', () => {
  const b = networkBuilder([16, 8, 8]);
  const network = b.build([
    b.batchNorm(b.conv(b.input, { out: 64, kernel: 3, bias: true, id: 'conv' }), { id: 'norm' }),
  ]);
  const weights = initialWeights(network, createRandom('init'));

  it('have the variance 2 / fan-in (He et al. 2015)', () => {
    const data = [...(weights.get('conv.weight')!.data as Float32Array)];
    const mean = data.reduce((a, v) => a + v, 0) / data.length;
    const variance = data.reduce((a, v) => a + (v - mean) ** 2, 0) / data.length;
    expect(Math.abs(mean)).toBeLessThan(0.005);
    expect(variance * 16 * 9).toBeCloseTo(2, 1);
    expect(weights.get('conv.bias')!.data.every((v) => v === 0)).toBe(true);
    expect(['weight', 'bias', 'mean', 'variance'].map((s) => weights.get(`norm.${s}`)!.data[0])).toEqual([
      1, 0, 0, 1,
    ]);
  });

  it('depend on the seed and the layer only', () => {
    expect(initialWeights(network, createRandom('init'))).toEqual(weights);
    expect(initialWeights(network, createRandom('other')).get('conv.weight')).not.toEqual(
      weights.get('conv.weight'),
    );
    const longer = networkBuilder([16, 8, 8]);
    const before = longer.activation(longer.conv(longer.input, { out: 16, kernel: 1, id: 'before' }), 'relu');
    const other = longer.build([longer.conv(before, { out: 64, kernel: 3, bias: true, id: 'conv' })]);
    expect(initialWeights(other, createRandom('init')).get('conv.weight')).toEqual(
      weights.get('conv.weight'),
    );
  });
});
