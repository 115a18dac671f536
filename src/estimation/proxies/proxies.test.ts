import { expect, test } from 'vitest';
import { drawnDataset } from '../../data/drawn.ts';
import { networkBuilder } from '../../network/builder.ts';
import type { Network } from '../../network/network.ts';
import type { Tensor } from '../../onnx/model.ts';
import { createRandom } from '../../random.ts';
import { PRESETS } from '../../space/presets/index.ts';
import { PROXIES } from './index.ts';
import { PROXY_NAMES } from './names.ts';
import { logDeterminant } from './naswot.ts';
import type { ProxySetting } from './proxy.ts';
import { startingWeights } from './run-graph.ts';
import { proxySetting } from './setting.ts';

const BATCH = 6;
const CLASSES = 3;
const FEATURES = 4;
const HIDDEN = 5;
const random = createRandom('proxies test');
const tensor = (shape: readonly number[], value: (i: number) => number): Tensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => value(i)),
});
const setting: ProxySetting = {
  images: tensor([BATCH, 1, 2, 2], () => random.normal()),
  labels: tensor([BATCH, CLASSES], (i) => (i % CLASSES === Math.floor(i / CLASSES) % CLASSES ? 1 : 0)),
  threads: 1,
};

/** Two layers and a rectifier: small enough to be differentiated on paper. */
function perceptron(): Network {
  const b = networkBuilder([1, 2, 2]);
  const hidden = b.activation(b.linear(b.flatten(b.input), { out: HIDDEN }), 'relu');
  return b.build([b.linear(hidden, { out: CLASSES })]);
}

/** W1 [HIDDEN, FEATURES], b1, W2 [CLASSES, HIDDEN], b2 in float64, in the order of the layers. */
function weightsOf(network: Network) {
  const linear = network.nodes.filter(({ operator }) => operator.kind === 'linear').map(({ id }) => id);
  const weights = startingWeights(network);
  const [w1, w2] = linear.map((id) => Float64Array.from(weights.get(`${id}.weight`)!.data as Float32Array));
  const [b1, b2] = linear.map((id) => Float64Array.from(weights.get(`${id}.bias`)!.data as Float32Array));
  return { w1: w1!, b1: b1!, w2: w2!, b2: b2! };
}

/** Forward and backward of the perceptron, written out. */
function byHand() {
  const { w1, b1, w2, b2 } = weightsOf(perceptron());
  const g1 = new Float64Array(w1.length);
  const g2 = new Float64Array(w2.length);
  const codes: boolean[][] = [];
  for (let n = 0; n < BATCH; n++) {
    const x = Array.from({ length: FEATURES }, (_, i) => Number(setting.images.data[n * FEATURES + i]));
    const before = Array.from({ length: HIDDEN }, (_, h) =>
      x.reduce((s, v, i) => s + v * w1[h * FEATURES + i]!, b1[h]!),
    );
    const hidden = before.map((v) => Math.max(0, v));
    codes.push(before.map((v) => v > 0));
    const logits = Array.from({ length: CLASSES }, (_, c) =>
      hidden.reduce((s, v, h) => s + v * w2[c * HIDDEN + h]!, b2[c]!),
    );
    const powers = logits.map(Math.exp);
    const total = powers.reduce((a, b) => a + b, 0);
    const delta = powers.map((p, c) => (p / total - Number(setting.labels.data[n * CLASSES + c])) / BATCH);
    for (let c = 0; c < CLASSES; c++)
      for (let h = 0; h < HIDDEN; h++) {
        g2[c * HIDDEN + h]! += delta[c]! * hidden[h]!;
        if (before[h]! > 0)
          for (let i = 0; i < FEATURES; i++) g1[h * FEATURES + i]! += delta[c]! * w2[c * HIDDEN + h]! * x[i]!;
      }
  }
  return { g1, g2, codes };
}

const norm = (values: Float64Array): number => Math.hypot(...values);

test('grad-norm and snip are those of gradients by hand', async () => {
  const network = perceptron();
  const { w1, w2 } = weightsOf(network);
  const { g1, g2 } = byHand();
  expect(await PROXIES['grad-norm'].score(network, setting)).toBeCloseTo(norm(g1) + norm(g2), 5);
  const saliency = [...g1.map((g, i) => Math.abs(g * w1[i]!)), ...g2.map((g, i) => Math.abs(g * w2[i]!))];
  expect(await PROXIES.snip.score(network, setting)).toBeCloseTo(
    saliency.reduce((a, b) => a + b, 0),
    5,
  );
});

test('synflow is the flow through each layer, added up', async () => {
  const network = perceptron();
  const { w1, w2 } = weightsOf(network);
  let flow = 0;
  for (let c = 0; c < CLASSES; c++)
    for (let h = 0; h < HIDDEN; h++)
      for (let i = 0; i < FEATURES; i++)
        flow += Math.abs(w2[c * HIDDEN + h]!) * Math.abs(w1[h * FEATURES + i]!);
  // All that flows in flows through both layers.
  expect((await PROXIES.synflow.score(network, setting)) / (2 * flow)).toBeCloseTo(1, 5);
});

test('synflow does not see norms, and goes through a network that is too deep for plain float32', async () => {
  const flowOf = (layers: number, norms: boolean): Promise<number> => {
    const b = networkBuilder([4, 2, 2]);
    let x = b.input;
    for (let i = 0; i < layers; i++) {
      x = b.scope(`layer${i}`, () => {
        const y = b.conv(x, { out: 32, kernel: 3 });
        return b.activation(norms ? b.batchNorm(y) : y, 'relu');
      });
    }
    return PROXIES.synflow.score(b.build([b.linear(b.flatten(b.globalAveragePool(x)), { out: 2 })]), setting);
  };
  expect(await flowOf(3, true)).toBe(await flowOf(3, false));
  const deep = await flowOf(46, true);
  expect(deep).toBeGreaterThan(3e38);
  expect(deep).toBeLessThan(Number.POSITIVE_INFINITY);
});

test('naswot counts the units that agree', async () => {
  const { codes } = byHand();
  const wide = Float32Array.from({ length: BATCH * BATCH }, (_, at) => {
    const [a, b] = [codes[Math.floor(at / BATCH)]!, codes[at % BATCH]!];
    return a.filter((on, h) => on === b[h]).length;
  });
  const expected = logDeterminant(wide, BATCH);
  const found = await PROXIES.naswot.score(perceptron(), setting);
  if (Number.isNaN(expected)) expect(found).toBeNaN();
  else expect(found).toBeCloseTo(expected, 4);
});

test('the logarithm of a determinant', () => {
  expect(logDeterminant(Float32Array.of(4, 2, 2, 3), 2)).toBeCloseTo(Math.log(8), 6);
  expect(logDeterminant(Float32Array.of(1, 1, 1, 1), 2)).toBeNaN();
});

const { dataset } = drawnDataset({ seed: 1, train: 40, val: 10, test: 10 });
const io = {
  inputShape: [dataset.channels, dataset.height, dataset.width],
  outputs: dataset.classes.length,
} as const;

test.each(PROXY_NAMES)('%s: a finite score for a network, and twice the same', async (name) => {
  const real = proxySetting(dataset, 1, 1);
  expect(real.images.shape[0]).toBe(real.labels.shape[0]);
  const space = PRESETS.residual;
  const network = space.build(space.references!.at(-1)!, io);
  const score = await PROXIES[name].score(network, real);
  expect(score).toSatisfy(Number.isFinite);
  expect(await PROXIES[name].score(network, proxySetting(dataset, 1, 1))).toBe(score);
});
