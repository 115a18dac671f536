/** The proxies of a small residual network against PyTorch's, with equal weights. */
import { afterAll, describe, expect, test } from 'vitest';
import { startTorch, TORCH_PYTHON } from '../../autodiff/testing/torch.ts';
import { networkBuilder } from '../../network/builder.ts';
import type { Network } from '../../network/network.ts';
import type { Tensor } from '../../onnx/model.ts';
import { createRandom } from '../../random.ts';
import { PROXIES } from './index.ts';
import type { ProxySetting } from './proxy.ts';
import { startingWeights } from './run-graph.ts';

const [BATCH, CLASSES, SIZE, WIDTH] = [6, 3, 7, 4];
const random = createRandom('proxies against torch');
const tensor = (shape: readonly number[], value: (i: number) => number): Tensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => value(i)),
});
const setting: ProxySetting = {
  images: tensor([BATCH, 2, SIZE, SIZE], () => random.normal()),
  labels: tensor([BATCH, CLASSES], (i) => (i % CLASSES === Math.floor(i / CLASSES) % CLASSES ? 1 : 0)),
  threads: 1,
};

/** A strided convolution and a residual one, both with a norm and a rectifier, then the mean and a layer. */
function residual(): Network {
  const b = networkBuilder([2, SIZE, SIZE]);
  const first = b.activation(b.batchNorm(b.conv(b.input, { out: WIDTH, kernel: 3, stride: 2 })), 'relu');
  const second = b.batchNorm(b.conv(first, { out: WIDTH, kernel: 3 }));
  const joined = b.activation(b.add([first, second]), 'relu');
  return b.build([b.linear(b.flatten(b.globalAveragePool(joined)), { out: CLASSES })]);
}

const network = residual();
/** Kernels and matrices in the order of the network: the first convolution's, the second's, the layer's. */
const kernels = [...startingWeights(network).values()].filter(({ shape }) => shape.length > 1);

/** x0 are the images, x1 … x3 the kernels, x4 the labels. Norms and biases begin as those that change nothing. */
const NORM = (x: string): string => `F.batch_norm(${x}, None, None, training=True, eps=1e-5)`;
const before = (norm: (x: string) => string, x: string) => {
  const first = norm(`F.conv2d(${x}, x1, stride=2, padding=1)`);
  const second = `F.relu(${first}) + ${norm(`F.conv2d(F.relu(${first}), x2, padding=1)`)}`;
  return { first, second, logits: `F.relu(${second}).mean((2, 3)) @ x3.T` };
};
const plain = before((x) => x, 'torch.ones_like(x0[:1])');
const normed = before(NORM, 'x0');
const sign = (x: string): string => `(((${x}) > 0).float() * 2 - 1).flatten(1)`;
const codes = `torch.cat([${sign(normed.first)}, ${sign(normed.second)}], 1)`;

describe.skipIf(TORCH_PYTHON === null)('agrees with PyTorch (needs a Python that can import torch)', () => {
  const torch = TORCH_PYTHON === null ? null : startTorch(TORCH_PYTHON);
  afterAll(() => torch?.close());

  const ask = async (expression: string, weights: readonly Tensor[] = kernels) => {
    const inputs = [setting.images, ...weights, setting.labels].map(({ shape, data }) => ({
      shape,
      data: Array.from(data as Float32Array),
    }));
    const { output, gradients } = await torch!.ask({ expression, inputs, cotangent: [1] });
    return { value: output.data[0]!, gradients: weights.map((_, k) => gradients[k + 1]!) };
  };
  const close = (found: number, expected: number): void => {
    expect(expected).toSatisfy(Number.isFinite);
    expect(found / expected).toBeCloseTo(1, 4);
  };
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const LOSS = `-(F.log_softmax(${normed.logits}, 1) * x4).sum(1).mean()`;

  test('grad-norm', async () => {
    const { gradients } = await ask(LOSS);
    close(await PROXIES['grad-norm'].score(network, setting), sum(gradients.map((g) => Math.hypot(...g))));
  });

  test('snip', async () => {
    const { gradients } = await ask(LOSS);
    const saliency = gradients.map((g, k) =>
      sum(g.map((value, i) => Math.abs(value * Number(kernels[k]!.data[i])))),
    );
    close(await PROXIES.snip.score(network, setting), sum(saliency));
  });

  test('synflow', async () => {
    const absolute = kernels.map((kernel) => ({
      ...kernel,
      data: (kernel.data as Float32Array).map(Math.abs),
    }));
    const { gradients } = await ask(`(${plain.logits}).sum()`, absolute);
    const flow = gradients.map((g, k) => sum(g.map((value, i) => value * absolute[k]!.data[i]!)));
    close(await PROXIES.synflow.score(network, setting), sum(flow));
  });

  test('naswot', async () => {
    const overlap = `((${codes} @ ${codes}.T + ${codes}.shape[1]) / 2)`;
    const { value } = await ask(`torch.linalg.slogdet(${overlap}.double())[1] + 0 * x1.sum()`);
    close(await PROXIES.naswot.score(network, setting), value);
  });
});
